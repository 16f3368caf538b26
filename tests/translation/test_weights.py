"""What a reader sees of a text that travels, in every standing it can have."""

import pytest
from sqlalchemy.orm import Session

from lmsapp.core.access import KEEPER
from lmsapp.translation import queries, revising
from lmsapp.translation.models import SourceRevision, Translation, Unit
from lmsapp.translation.revising import Piece
from lmsapp.translation.weights import Notice, Wording, shown


def see(
    wording: Wording | None, *, safety: bool = False, drafts: bool = True, wanted: str = "ka"
) -> tuple[str, str, bool]:
    """Language, notice, and whether the source stands beside."""
    found = shown("source", "en", wanted, wording, safety=safety, drafts_allowed=drafts)
    return found.language, str(found.notice), bool(found.source)


@pytest.mark.parametrize(
    ("wording", "safety", "drafts", "seen"),
    [
        (None, False, True, ("en", "missing", False)),
        (Wording("t", approved=True), False, True, ("ka", "", False)),
        (Wording("t", approved=False), False, False, ("ka", "draft", False)),
        (Wording("t", approved=True, behind="typo"), False, True, ("ka", "", False)),
        (Wording("t", approved=True, behind="normal"), False, True, ("ka", "outdated", False)),
        (Wording("t", approved=True, behind="safety"), False, True, ("en", "withheld", False)),
        (Wording("t", approved=True), True, False, ("ka", "", False)),
        (Wording("t", approved=False), True, True, ("ka", "draft", True)),
        (Wording("t", approved=False), True, False, ("en", "withheld", False)),
        (Wording("t", approved=True, behind="safety"), True, True, ("en", "withheld", False)),
    ],
)
def test_a_reader_never_sees_unsafe_text(
    wording: Wording | None, safety: bool, drafts: bool, seen: tuple[str, str, bool]
) -> None:
    assert see(wording, safety=safety, drafts=drafts) == seen


def test_the_source_language_shows_the_source() -> None:
    assert see(Wording("t", approved=False), safety=True, wanted="en") == ("en", "", False)


def test_bringing_texts_in_twice_changes_nothing_and_a_change_is_a_new_revision(session: Session) -> None:
    pieces = [Piece("One.", "paragraph"), Piece("Two.", "paragraph", safety=True), Piece("Three.", "paragraph")]
    first = revising.put_document(session, KEEPER, "lesson", "test/1", "en", pieces)
    revising.put_translation(
        session, KEEPER, first.document, "ka", dict(zip(first.keys, ["ერთი.", "ორი.", "სამი."], strict=True))
    )
    again = revising.put_document(session, KEEPER, "lesson", "test/1", "en", pieces)
    assert (again.keys, again.anything) == (first.keys, False)
    changed = [
        Piece("New.", "paragraph"),
        Piece("One.", "paragraph"),
        Piece("Two, more.", "paragraph", safety=True),
        pieces[2],
    ]
    third = revising.put_document(session, KEEPER, "lesson", "test/1", "en", changed)
    assert (third.added, third.revised, third.retired) == (1, 1, 0)
    assert third.keys[1:] == first.keys
    texts = queries.texts_of(session, first.document.id, "ka", drafts_allowed=True)
    notices = [texts[key].notice for key in third.keys]
    assert notices == [Notice.MISSING, Notice.DRAFT, Notice.WITHHELD, Notice.DRAFT]
    assert texts[third.keys[2]].text == "Two, more."
    of_document = Unit.document_id == first.document.id
    assert session.query(SourceRevision).join(Unit).where(of_document).count() == 5
    assert session.query(Translation).join(Unit).where(of_document).count() == 3
