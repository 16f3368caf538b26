"""`lmsapp bank import | export`: questions from and for other programs, at the command line."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from lmsapp import installation
from lmsapp.core.access import KEEPER
from lmsapp.core.errors import Invalid, LmsError, NotFound
from lmsapp.core.locales import DEFAULT, LANGUAGES
from lmsapp.core.sessions import transaction
from lmsapp.core.storage import Folder
from lmsapp.exams import exporting, importing, queries
from lmsapp.exams.formats.files import GIFT, MOODLE_XML, NAMES, Read
from lmsapp.exams.formats.items import Item, Outcome
from lmsapp.exams.importing import DRAFTS, PUBLISHED, Wish
from lmsapp.exams.models import Bank

LARGEST = 32 << 20


@click.group()
def bank() -> None:
    """Question banks as files of other programs."""


@bank.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--bank", "code", help="The bank the questions are for; without it the file is only looked at.")
@click.option("--dry-run", is_flag=True, help="Say what would become of each item; keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--language", type=click.Choice(list(LANGUAGES)), help="Of the questions. [default: the bank's]")
@click.option("--topic", help="Of questions whose category names none of the bank's. [default: its first]")
@click.option("--drafts", is_flag=True, help="Keep them as drafts for a training manager to publish.")
@click.option("--leave-out-refused", is_flag=True, help="Take the others although some are refused.")
def import_(
    file: Path,
    *,
    code: str | None,
    dry_run: bool,
    as_json: bool,
    language: str | None,
    topic: str | None,
    drafts: bool,
    leave_out_refused: bool,
) -> None:
    """Take questions from a GIFT, Aiken or Moodle XML FILE: all of them, or, when one is refused, none."""
    if code is None and not dry_run:
        raise click.UsageError("Say for which bank with --bank, or only look with --dry-run.")
    try:
        content = _content(file)
        if code is None:
            found, counts = importing.read(content, language or DEFAULT.code), None
        else:
            wish = Wish(language or "", topic or "", DRAFTS if drafts else PUBLISHED, file.name)
            found, counts = _taken(content, code, wish, dry_run=dry_run, whole=not leave_out_refused)
    except LmsError as problem:
        if not as_json:
            raise
        click.echo(json.dumps({"file": file.name, "problem": str(problem), "items": []}, ensure_ascii=False, indent=1))
        raise SystemExit(1) from None
    refused_all = counts is None and code is not None and not dry_run
    if as_json:
        click.echo(json.dumps(_report(file, found, code, counts), ensure_ascii=False, indent=1))
    else:
        for one in found.items:
            click.echo(f"{one.number}  line {one.line}  {one.kind}  {one.outcome}  {one.name}")
            for reason in one.reasons:
                click.echo(f"      {reason}")
        click.echo(_said(_outcomes(found.items)) + (f"; in the bank: {_said(counts)}" if counts is not None else ""))
    if refused_all:
        click.echo("Nothing was kept, because items are refused. Take the others with --leave-out-refused.", err=True)
        raise SystemExit(1)


def _content(file: Path) -> bytes:
    if file.stat().st_size > LARGEST:
        raise Invalid("The file is larger than %(most)s MB.", most=LARGEST >> 20)
    return file.read_bytes()


def _taken(content: bytes, code: str, wish: Wish, *, dry_run: bool, whole: bool) -> tuple[Read, Counter[str] | None]:
    """Reads a file for a bank and, unless it is only looked at, keeps it; no counts when nothing was kept because of refusals."""
    opened = installation.opened()
    with transaction(opened.sessions) as session:
        target = _bank(queries.bank, session, code)
        wish = Wish(
            wish.language or target.document.source_language, wish.topic or target.topics[0], wish.state, wish.source
        )
        found = importing.read(content, wish.language)
        planned = importing.plan(session, KEEPER, target, found.items, wish)
        if dry_run:
            return found, Counter(one.effect or Outcome.REFUSED for one in planned)
        if whole and any(one.entry is None for one in planned):
            return found, None
        return found, importing.take(session, KEEPER, target, planned, wish, Folder(opened.settings.files))


def _bank(find: Any, session: Any, code: str) -> Bank:
    try:
        found: Bank = find(session, code)
    except NotFound:
        known = ", ".join(bank.code for bank, _count in queries.banks(session)) or "none"
        raise Invalid("There is no bank “%(code)s”. Banks are: %(known)s.", code=code, known=known) from None
    return found


def _report(file: Path, found: Read, code: str | None, counts: Counter[str] | None) -> dict[str, Any]:
    return {
        "file": file.name,
        "format": found.format,
        "bank": code,
        "counts": _outcomes(found.items),
        "effects": dict(counts) if counts is not None else None,
        "items": [
            {
                "number": one.number,
                "kind": str(one.kind),
                "title": one.title,
                "outcome": str(one.outcome),
                "reason": one.reason,
                "line": one.line,
            }
            for one in found.items
        ],
    }


def _outcomes(items: list[Item]) -> dict[str, int]:
    return {str(outcome): sum(one.outcome is outcome for one in items) for outcome in Outcome}


def _said(counts: dict[str, int] | Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing"


@bank.command("export")
@click.option("--bank", "code", required=True, help="The bank.")
@click.option("--format", "form", type=click.Choice([GIFT, MOODLE_XML]), required=True)
@click.option("--language", type=click.Choice(list(LANGUAGES)), help="Of the words. [default: the bank's]")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="The file; without it, the terminal.")
def export(code: str, form: str, language: str | None, output: Path | None) -> None:
    """Write a bank's questions for another program; what its format can't hold is said beside."""
    opened = installation.opened()
    with opened.sessions() as session:
        found = _bank(queries.bank, session, code)
        content, items = exporting.export(session, KEEPER, found, form, Folder(opened.settings.files), language)
    if output is None:
        click.echo(content, nl=False)
    else:
        output.write_bytes(content)
    for one in items:
        if one.outcome is not Outcome.TAKEN:
            click.echo(
                f"{one.title}: {'left out' if one.outcome is Outcome.REFUSED else 'changed'}. {one.reason}", err=True
            )
    click.echo(f"{NAMES[form]}: {_said(_outcomes(items))}", err=True)
