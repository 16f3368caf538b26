"""For developers: `python -m lmsapp.migrations.make certificates_can_be_suspended` drafts the next step from the models."""

import re
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from lmsapp.core.sessions import make_engine, writing
from lmsapp.migrations import VERSIONS

PLAIN = {
    r"lmsapp\.core\.orm\.UtcDateTime\(\)": "sa.DateTime()",
    r"lmsapp\.core\.orm\.PartialDateColumn\(length=10\)": "sa.String(length=10)",
}


def make(name: str) -> Path:
    """Writes the draft of the next step against a database that has all earlier ones; read it before you commit it."""
    number = len(list(VERSIONS.glob("[0-9]*.py"))) + 1
    revision = f"{number:04d}_{name}"
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    config.set_main_option("file_template", "%%(rev)s")
    with tempfile.TemporaryDirectory() as folder, writing():
        engine = make_engine(f"sqlite:///{folder}/draft.sqlite")
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            if number > 1:
                command.upgrade(config, "head")
            command.revision(config, message=name.replace("_", " ").capitalize(), autogenerate=True, rev_id=revision)
        engine.dispose()
    path = VERSIONS / f"{revision}.py"
    text = path.read_text(encoding="utf-8")
    for pattern, plain in PLAIN.items():
        text = re.sub(pattern, plain, text)
    path.write_text(text, encoding="utf-8")
    return path


if __name__ == "__main__":
    print(make(sys.argv[1]))
