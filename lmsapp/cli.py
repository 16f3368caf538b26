"""The `lmsapp` command. Each word loads only the capability it belongs to, so that small commands start at once."""

import gc
import sys
from importlib import import_module
from typing import Any

import click

from lmsapp.core import troubles
from lmsapp.core.errors import LmsError

COMMANDS = {
    "serve": "lmsapp.serving:serve",
    "worker": "lmsapp.working:worker",
    "accounts": "lmsapp.accounts.commands:accounts",
    "content": "lmsapp.upkeep.content:content",
    "verify": "lmsapp.certificates.commands:verify",
    "certificates": "lmsapp.certificates.commands:certificates",
    "demo": "lmsapp.demo.commands:demo",
    "audit": "lmsapp.upkeep.audit:audit",
    "bank": "lmsapp.exams.commands:bank",
    "bench": "lmsapp.bench.commands:bench",
    "backup": "lmsapp.upkeep.backup:backup",
    "doctor": "lmsapp.upkeep.doctor:doctor",
    "fields": "lmsapp.upkeep.personal:fields",
    "restore": "lmsapp.upkeep.backup:restore",
}


class Words(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """All words."""
        return sorted(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """The command for a word."""
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name].partition(":")
        gc.disable()  # modules stay: looking for garbage among them costs a fifth of the start
        found: click.Command = getattr(import_module(module), attribute)
        gc.freeze()
        gc.enable()
        return found


@click.group(cls=Words, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="lmsapp")
def lmsapp() -> None:
    """The training system of a national mine action centre."""


def main(arguments: list[str] | None = None) -> Any:
    """Runs a command; what the domain or the machine refuses is one plain sentence and exit code 1, never a traceback."""
    try:
        return lmsapp.main(arguments, prog_name="lmsapp")
    except LmsError as problem:
        click.echo(f"lmsapp: {problem}", err=True)
        for field, message in getattr(problem, "fields", {}).items():
            click.echo(f"  {field}: {message}", err=True)
        sys.exit(1)
    except Exception as problem:
        said = troubles.sentence(problem)
        if said is None:
            raise
        click.echo(f"lmsapp: {said}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
