"""`lmsapp audit check | head`: the log of acts, whole or not."""

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
    """Walk the whole chain, against the heads kept each day; name the first line changed, removed, inserted, swapped or cut."""
    opened = installation.opened()
    ring = KeyRing.load_or_create(opened.settings.keys)
    heads = log.kept_heads(opened.settings.audit_heads, ring)
    if head_file is not None:
        heads.append(log.read_head(head_file.read_text(encoding="utf-8"), ring))
    with opened.sessions() as session:
        report = log.verify(session, *heads)
    if report.whole:
        click.echo(f"whole: {report.lines} lines, as {len(heads)} kept heads say")
        return
    click.echo(f"line {report.fault_at}: {report.reason}")
    raise SystemExit(1)


@audit.command("head")
def head() -> None:
    """Print the signed head of the chain, to be kept elsewhere."""
    opened = installation.opened()
    with opened.sessions() as session:
        click.echo(log.signed_head(session, KeyRing.load_or_create(opened.settings.keys)))
