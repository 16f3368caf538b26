"""`lmsapp demo load | people | certificates`: a system to click through."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from lmsapp import installation
from lmsapp.certificates import queries as certificates
from lmsapp.certificates import rendering
from lmsapp.core import paths, settings
from lmsapp.core.access import KEEPER
from lmsapp.core.errors import Invalid
from lmsapp.core.sessions import transaction
from lmsapp.core.settings import Settings
from lmsapp.core.signing import KeyRing
from lmsapp.core.storage import Folder
from lmsapp.demo import accounts, seeding
from lmsapp.installation import Installation
from lmsapp.materials import printing
from lmsapp.upkeep import content


@click.group()
def demo() -> None:
    """A demonstration: invented people, cohorts, results and certificates, all marked."""


def _demonstration() -> Installation:
    """This installation, when the demonstration is in it."""
    opened = installation.opened()
    with opened.sessions() as session:
        if not seeding.is_loaded(session):
            raise Invalid("There is no demonstration here. Load it into an empty system: lmsapp demo load")
    return opened


def _mark(data: Path) -> Settings:
    """Keeps the settings of a demonstration in its `settings.toml` when none is there yet."""
    path = data / "settings.toml"
    if not path.exists():
        path.write_text("demonstration = true\nallow_drafts = true\n", encoding="utf-8")
    return settings.load()


@demo.command("load")
@click.option("--if-empty", is_flag=True, help="Do nothing when somebody is here already.")
def load(*, if_empty: bool) -> None:
    """Fill an empty system."""
    opened = installation.opened()
    with opened.sessions() as session:
        if not seeding.is_empty(session):
            if if_empty:
                return
            raise Invalid("Somebody is here already; the demonstration goes into an empty system only.")
    opened = replace(opened, settings=_mark(opened.settings.data))  # only now: an installation for real stays one
    root = paths.shipped("content")
    with transaction(opened.sessions) as session:
        content.load_all(session, root)
        ring = KeyRing.load_or_create(opened.settings.keys)
        seeding.seed(
            session, opened.settings, ring, root / "demonstration", lambda text: click.echo(f"  {text}", err=True)
        )
        printing.ask(session, KEEPER, drafts_allowed=opened.settings.allow_drafts)
    click.echo("The demonstration is loaded. “lmsapp demo people” lists its accounts.", err=True)


@demo.command("people")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def people(*, as_json: bool) -> None:
    """List the demonstration's accounts with their public passwords and PINs."""
    rows = accounts.listed(_demonstration().sessions)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        click.echo(accounts.line(row))


@demo.command("certificates")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the PDF files."
)
@click.option("--json", "as_json", is_flag=True, help="Print a list as JSON.")
def write_certificates(out: Path, *, as_json: bool) -> None:
    """Write the demonstration's certificates as PDF files, rendering what is not rendered yet."""
    opened = _demonstration()
    storage = Folder(opened.settings.files)
    out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    with opened.sessions() as session:
        numbers = [award.id for award in seeding.demonstration_awards(session)]
    with click.progressbar(numbers, label="certificates", file=sys.stderr) as bar:
        for number in bar:
            with transaction(opened.sessions) as session:
                award = next(a for a in seeding.demonstration_awards(session) if a.id == number)
                made = rendering.document(session, award, storage)
                target = out / f"{award.serial}.pdf"
                target.write_bytes(storage.path(made.digest).read_bytes())
                rows.append(
                    {
                        "file": str(target),
                        "languages": award.facts["languages"],
                        "kind": award.kind,
                        "serial": award.serial,
                        "status": certificates.state_of(award),
                        "qr": award.facts["link"] + award.payload,
                    }
                )
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        click.echo(f"{row['serial']}  {row['kind']:14} {'+'.join(row['languages']):8} {row['status']:10} {row['file']}")
