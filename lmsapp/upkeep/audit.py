"""`lmsapp audit check | head`: the log of acts, whole or not."""

import json
from pathlib import Path

import click

from lmsapp import installation
from lmsapp.core import audit as log
from lmsapp.core.signing import KeyRing


@click.group()
def audit() -> None:
    """The log of acts."""


@audit.command("check")
@click.option("--head", "head_file", type=click.Path(path_type=Path, exists=True), help="A head kept elsewhere.")
def check(head_file: Path | None) -> None:
    """Walk the whole chain; name the first line that was changed, removed, inserted, swapped or cut."""
    opened = installation.opened()
    expected = None
    if head_file is not None:
        expected = log.read_head(head_file.read_text(encoding="utf-8"), KeyRing.load_or_create(opened.settings.keys))
    with opened.sessions() as session:
        report = log.verify(session, expected)
    if report.whole:
        click.echo(f"whole: {report.lines} lines")
        return
    click.echo(f"line {report.fault_at}: {report.reason}")
    raise SystemExit(1)


@audit.command("head")
def head() -> None:
    """Print the signed head of the chain; keep it elsewhere, every day."""
    opened = installation.opened()
    with opened.sessions() as session:
        signed = log.signed_head(session, KeyRing.load_or_create(opened.settings.keys))
    click.echo(signed if isinstance(signed, str) else json.dumps(signed))
