"""Printing an edition in its languages: each file is made once, kept by its content, and never made again.

When the words of a language change (a correction, an approval, a decision of the authority) that language gets a new
impression; the files of the one before stay, for whoever took them.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload, sessionmaker

from lmsapp.core import clock, pdf, pictures
from lmsapp.core.access import Actor
from lmsapp.core.errors import Conflict
from lmsapp.core.jobs import enqueue
from lmsapp.core.pdf import PdfOptions
from lmsapp.core.sessions import transaction
from lmsapp.core.settings import Settings
from lmsapp.core.storage import Folder
from lmsapp.materials import contents, layout
from lmsapp.materials.contents import Contents
from lmsapp.materials.kinds import PURPOSES
from lmsapp.materials.layout import SHEET_STEPS, Setting
from lmsapp.materials.models import MaterialEdition, Preview, PrintedFile

RENDER = "materials.render"
SIDES, SHEET = 2, 4  # a leaflet's pages; a printer folds sheets of four pages of a book
PREVIEWS, PREVIEW_WIDTH = 4, 360  # the first pages as pictures, this many pixels wide
Tell = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Missing:
    """One language of an edition that has no file of its present words."""

    said: Contents
    impression: int


def published(session: Session) -> list[MaterialEdition]:
    """The editions in use, with their parts and files."""
    query = select(MaterialEdition).where(MaterialEdition.state == "published").order_by(MaterialEdition.id)
    loaded = (selectinload(MaterialEdition.material), selectinload(MaterialEdition.parts))
    return list(session.scalars(query.options(*loaded)))


def missing(session: Session, edition: MaterialEdition, *, drafts_allowed: bool) -> Iterator[Missing]:
    """The languages whose words have no file yet, or changed since it was made."""
    for language in contents.languages_of(session, edition):
        said = contents.contents(session, edition, language, drafts_allowed=drafts_allowed)
        known = session.scalars(
            select(PrintedFile).where(PrintedFile.edition_id == edition.id, PrintedFile.language == language)
        ).all()
        current = {file.purpose for file in known if file.words_digest == said.digest}
        if current < set(PURPOSES):
            half = [file.impression for file in known if file.words_digest == said.digest]
            last = max((file.impression for file in known), default=0)
            yield Missing(said, half[0] if half else last + 1)


def ask(session: Session, actor: Actor, *, drafts_allowed: bool) -> list[int]:
    """Asks for the files that are missing, one job an edition, whose numbers it returns; twice for the same words is one."""
    asked = []
    for edition in published(session):
        wanted = list(missing(session, edition, drafts_allowed=drafts_allowed))
        if wanted:
            digest = hashlib.sha256("".join(one.said.digest for one in wanted).encode()).hexdigest()[:16]
            arguments = {"edition": edition.id}
            key = f"edition-{edition.id}-{digest}"
            asked.append(enqueue(session, RENDER, arguments, asked_by=actor.person_id, key=key, total=len(wanted)))
    return asked


def build_missing(sessions: sessionmaker[Session], settings: Settings) -> int:
    """Makes every missing file at once, without the worker; returns how many languages were printed."""
    with sessions() as session:
        ids = [edition.id for edition in published(session)]
    return sum(build(sessions, settings, number) for number in ids)


def build(sessions: sessionmaker[Session], settings: Settings, edition_id: int, tell: Tell | None = None) -> int:
    """Makes the missing files of one edition, each language kept as soon as it is made. Raises PdfUnavailable, PdfFailed."""
    storage = Folder(settings.files)
    with sessions() as session:
        edition = session.get_one(MaterialEdition, edition_id)
        if edition.state != "published":
            return 0
        wanted = list(missing(session, edition, drafts_allowed=settings.allow_drafts))
    for done, one in enumerate(wanted, start=1):
        keep(sessions, storage, edition_id, one, settings.base_url)
        if tell is not None:
            tell(done, len(wanted), one.said.language)
    return len(wanted)


def keep(sessions: sessionmaker[Session], storage: Folder, edition_id: int, one: Missing, base_url: str) -> None:
    """Prints one language for every purpose; stores the files first, then writes of them. Doing it again adds nothing."""
    made = {purpose: rendered(one.said, purpose, one.impression, base_url) for purpose in PURPOSES}
    drawn = pictures.first_pages(made["screen"], count=PREVIEWS, width=PREVIEW_WIDTH)
    shown = [(picture, storage.put(picture.content)) for picture in drawn]
    stored = {purpose: storage.put(content) for purpose, content in made.items()}
    with transaction(sessions) as session:
        known = {
            file.purpose
            for file in session.scalars(
                select(PrintedFile).where(
                    PrintedFile.edition_id == edition_id,
                    PrintedFile.language == one.said.language,
                    PrintedFile.words_digest == one.said.digest,
                )
            )
        }
        for purpose in set(PURPOSES) - known:
            file = PrintedFile(
                edition_id=edition_id,
                language=one.said.language,
                purpose=purpose,
                impression=one.impression,
                words_digest=one.said.digest,
                digest=stored[purpose].digest,
                size=stored[purpose].size,
                pages=pdf.page_count(made[purpose]),
                awaiting=one.said.awaiting,
                made_at=clock.now(),
            )
            if purpose == "screen":
                file.previews = [
                    Preview(page=p.page, width=p.width, height=p.height, digest=s.digest) for p, s in shown
                ]
            session.add(file)


def rendered(said: Contents, purpose: str, impression: int, base_url: str) -> bytes:
    """The PDF: for the press with bleed and crop marks, for the screen without. The same words give the same bytes."""
    setting = Setting(address_of(said, base_url), marks=purpose == "press", impression=impression)
    return _book(said, setting) if said.format == "a5" else _leaflet(said, setting)


def address_of(said: Contents, base_url: str) -> str:
    """What the printed code holds: it leads to the current edition, whatever is current then."""
    return f"{base_url}/m/{said.slug}/{said.language}"


def _book(said: Contents, setting: Setting) -> bytes:
    """Printed sheets have four pages: what is left over becomes pages for notes, before the last one."""
    made = _set(said, setting)
    over = -pdf.page_count(made) % SHEET
    return _set(said, replace(setting, notes=over)) if over else made


def _leaflet(said: Contents, setting: Setting) -> bytes:
    """As large as its two sides allow. Raises Conflict when even the smallest type runs over."""
    for step in range(len(SHEET_STEPS)):
        made = _set(said, replace(setting, step=step))
        if pdf.page_count(made) == SIDES:
            return made
    raise Conflict(
        "The leaflet %(code)s has too many words for two sides in %(language)s.", code=said.code, language=said.language
    )


def _set(said: Contents, setting: Setting) -> bytes:
    html, resources = layout.html_of(said, setting)
    options = PdfOptions(created=said.published_at, processor_seconds=120, wall_seconds=240.0)
    return pdf.render(html, resources=resources, options=options)
