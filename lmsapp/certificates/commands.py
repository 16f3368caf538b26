"""`lmsapp verify` and `lmsapp certificates`: checking, listing and rendering at the command line."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import click

from lmsapp import installation
from lmsapp.certificates import checker, issuing, revoking, verdicts, verifying
from lmsapp.certificates.verdicts import Answer, Verdict
from lmsapp.certificates.verifying import Checked
from lmsapp.core import clock, settings
from lmsapp.core.errors import Invalid
from lmsapp.core.signing import KeyRing

SAY = {
    Answer.VALID: "genuine and valid",
    Answer.LAPSED: "genuine but {state} since {since}",
    Answer.STALE_LIST: "genuine but the revocation list is {age} days old",
    Answer.NOT_OURS: "not ours or altered",
}
LARGEST_FILE = 20_000_000


def in_words(verdict: Verdict) -> str:
    """One of the four answers, in English; a demonstration's says so."""
    lapse = verdict.lapse
    text = SAY[verdict.answer].format(
        state=lapse.state if lapse else "", since=lapse.since if lapse else "", age=verdict.list_age
    )
    return text + (" (demonstration)" if verdict.payload is not None and verdict.payload.demonstration else "")


@click.command()
@click.argument("what")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option("--list", "list_file", type=click.Path(path_type=Path, exists=True), help="A downloaded revocation list.")
def verify(what: str, *, as_json: bool, list_file: Path | None) -> None:
    """Check a certificate: WHAT is a PDF file, the text of its QR code, its verification code or its serial.

    Exits 0 only for a certificate that is genuine and valid.
    """
    chosen = settings.load()
    ring = KeyRing(chosen.keys)
    if not ring.public_keys():  # no word about a certificate that could not be checked
        raise Invalid(
            "Nothing was ever signed in %(folder)s, so no certificate can be checked there. Name the installation's data "
            "folder by LMSAPP_DATA.",
            folder=str(chosen.data),
        )
    checked = _offline(what, ring, chosen.stale_list_days, list_file) if list_file else _here(what, ring)
    verdict = checked.verdict
    if as_json:
        click.echo(json.dumps(as_dict(checked), ensure_ascii=False, indent=1))
    else:
        click.echo(in_words(verdict))
        if verdict.payload is not None and not checked.serial_only:
            facts = verdict.payload
            click.echo(f"{facts.serial}  {facts.name}  {facts.latin_name}  {facts.course}  {facts.issued}".rstrip())
    raise SystemExit(0 if verdict.answer is Answer.VALID else 1)


def _here(what: str, ring: KeyRing) -> Checked:
    """Against the records of this installation."""
    opened = installation.opened()
    path = Path(what) if len(what) < 4000 and "\0" not in what else Path()
    with opened.sessions() as session:
        try:
            is_file = path.is_file()
        except OSError:
            is_file = False
        if not is_file and what.lower().endswith(".pdf"):
            raise Invalid("There is no file %(path)s.", path=what)  # no word about a certificate that was not looked at
        if is_file:
            if path.stat().st_size > LARGEST_FILE:
                raise Invalid("%(path)s is larger than any certificate.", path=str(path))
            return verifying.check_file(session, path.read_bytes(), ring, opened.settings)
        return verifying.check_text(session, what, ring, opened.settings)


def _offline(what: str, ring: KeyRing, stale_after: int, list_file: Path) -> Checked:
    """Against the public keys and a list that was carried here, as a checkpoint does."""
    try:
        lapses, issued = revoking.read_list(list_file.read_text(encoding="utf-8"), ring)
    except (revoking.NotAList, OSError, UnicodeDecodeError) as problem:
        raise Invalid("%(path)s is no revocation list of ours, or it was altered.", path=str(list_file)) from problem
    if what.lower().endswith(".pdf"):
        raise Invalid("A PDF is checked against the records here. With --list give the text of its QR code.")
    found = verifying.genuine(verifying.text_of(what), ring)
    if found is None:
        return Checked(verdicts.NOT_OURS)
    today: date = clock.now().date()
    verdict = verdicts.judge(found, genuine=True, lapses=lapses, today=today, list_date=issued, stale_after=stale_after)
    return Checked(verdict)


def as_dict(checked: Checked) -> dict[str, Any]:
    """The answer with its facts, for programs. Nothing is repeated of what is not ours; no name for a bare serial."""
    verdict, facts = checked.verdict, checked.verdict.payload
    found: dict[str, Any] = {"answer": str(verdict.answer), "words": in_words(verdict)}
    if facts is None:
        return found
    found |= {"serial": str(facts.serial), "demonstration": facts.demonstration}
    if verdict.lapse is not None:
        found |= {"state": verdict.lapse.state, "since": verdict.lapse.since.isoformat()}
    if verdict.list_age is not None:
        found["list_age_days"] = verdict.list_age
    if not checked.serial_only:
        found |= {
            "name": facts.name,
            "latin_name": facts.latin_name,
            "course": facts.course,
            "hours": str(facts.hours),
            "issued": facts.issued.isoformat(),
            "valid_until": facts.valid_until.isoformat() if facts.valid_until else None,
        }
    return found


@click.group()
def certificates() -> None:
    """Certificates: the offline checker, the revocation list, the invariant of serials."""


@certificates.command("checker")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Where the page is written."
)
def write_checker(out: Path) -> None:
    """Write the single-file offline checker with the public keys and today's revocation list."""
    opened = installation.opened()
    ring = KeyRing.load_or_create(opened.settings.keys)
    with opened.sessions() as session:
        out.write_text(checker.page(session, ring, opened.settings), encoding="utf-8")
    click.echo(out)


@certificates.command("list")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Where the list is written."
)
def write_list(out: Path) -> None:
    """Write today's signed revocation list."""
    opened = installation.opened()
    ring = KeyRing.load_or_create(opened.settings.keys)
    with opened.sessions() as session:
        out.write_text(revoking.make_list(session, ring, opened.settings.stale_list_days), encoding="utf-8")
    click.echo(out)


@certificates.command("serials")
def check_serials() -> None:
    """Check that no number is missing: the highest is awards and voids together, in every year and kind."""
    opened = installation.opened()
    with opened.sessions() as session:
        gaps = issuing.gaps(session)
    for year, kind, last, used in gaps:
        click.echo(f"{year} {kind}: the highest number is {last}, awards and voids are {used}")
    click.echo("no gap" if not gaps else f"{len(gaps)} gaps")
    raise SystemExit(1 if gaps else 0)
