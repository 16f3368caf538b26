"""From an award's kept facts to its PDF: rendered once, stored by its content, never rendered again."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy.orm import Session

from lmsapp.certificates import layout
from lmsapp.certificates.facts import CertificateFacts, Signatory
from lmsapp.certificates.models import Award, AwardDocument
from lmsapp.core import clock, pdf
from lmsapp.core.pdf import Attachment, PdfOptions
from lmsapp.core.storage import Folder, Stored


def document(session: Session, award: Award, storage: Folder) -> AwardDocument:
    """The award's document; makes it when there is none yet. Raises PdfUnavailable or PdfFailed."""
    return kept(session, award, storage) or keep(session, award.id, award.kind, storage.put(rendered(award)))


def kept(session: Session, award: Award, storage: Folder) -> AwardDocument | None:
    """The award's document, if it was made and its file is here."""
    known = session.get(AwardDocument, award.id)
    return known if known is not None and storage.exists(known.digest) else None


def keep(session: Session, award_id: int, kind: str, stored: Stored) -> AwardDocument:
    """Writes down which stored file is the document of an award."""
    made = session.get(AwardDocument, award_id) or AwardDocument(award_id=award_id)
    made.digest, made.size = stored.digest, stored.size
    made.design_version, made.rendered_at = layout.design(kind).version, clock.now()
    session.add(made)
    session.flush()
    return made


def rendered(award: Award) -> bytes:
    """The PDF: two layers, tagged, archival, with the signed payload inside it."""
    sheet = layout.html_of(facts_of(award.kind, award.facts, award.payload))
    options = PdfOptions(
        created=award.issued_at,
        attachments=[Attachment("payload.txt", award.payload.encode(), "text/plain", "Signed payload", "Data")],
    )
    return pdf.stamp(
        sheet.base,
        sheet.overlay,
        specimen=sheet.specimen,
        overlay_style=sheet.overlay_style,
        codes=sheet.codes,
        resources=sheet.resources,
        options=options,
    )


def facts_of(kind: Any, kept: Mapping[str, Any], payload: str) -> CertificateFacts:
    """What the award kept, as the layout takes it."""
    first, second = kept["languages"]
    words = {code: layout.words(code) for code in (first, second)}
    return CertificateFacts(
        kind=kind,
        languages=(first, second),
        issuer=kept["issuer"],
        unit={code: words[code]["unit"] for code in words},
        name=kept["name"],
        person_number=kept["person_number"],
        course_code=kept["course_code"],
        course=kept["course"],
        held=(date.fromisoformat(kept["held"][0]), date.fromisoformat(kept["held"][1])),
        hours=Decimal(kept["hours"]),
        issued=date.fromisoformat(kept["issued"]),
        place=dict.fromkeys((first, second), kept["place"]),
        points=kept["points"],
        signatories=(
            Signatory("", {code: words[code]["offices"]["director"] for code in words}),
            Signatory("", {code: words[code]["offices"]["training"] for code in words}),
        ),
        serial=kept["serial"],
        code=kept["code"],
        address=kept["address"],
        qr=kept["link"] + payload,
        result=None if kept["result"] is None else Fraction(*kept["result"]),
        valid_until=date.fromisoformat(kept["valid_until"]) if kept["valid_until"] else None,
        descent=_descent(kept, words),
        awaiting_review=kept["awaiting_review"],
        demonstration=kept["demonstration"],
    )


def _descent(kept: Mapping[str, Any], words: Mapping[str, Any]) -> dict[str, str]:
    """ "son of …" in the holder's own language, in which her father's name is written; nowhere else."""
    holder = kept["languages"][1]
    phrase = words[holder].get("descent", {}).get(kept.get("sex") or "n")
    return {holder: phrase.replace("{father}", kept["father"])} if phrase and kept.get("father") else {}
