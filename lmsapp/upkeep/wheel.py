"""Build hook: compiles the catalogues before they are packed, so that an installed program needs no compiler."""

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def compile_catalogues(folder: Path) -> int:
    """Writes messages.mo beside every messages.po below `folder` that is newer; returns how many were written."""
    written = 0
    for source in sorted(folder.glob("*/LC_MESSAGES/messages.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as text:
            catalogue = read_po(text, locale=source.parts[-3])
        part = target.with_suffix(".part")
        with part.open("wb") as compiled:
            write_mo(compiled, catalogue)
        part.replace(target)
        written += 1
    return written


class CompiledCatalogues(BuildHookInterface[Any]):  # type: ignore[misc]
    """Called by hatchling for wheels; editable installs compile when `./run` asks for it."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compiles into the source folder and makes sure that ignored .mo files are packed."""
        if version != "editable":
            folder = Path(self.root) / "translations"
            compile_catalogues(folder)
            for compiled in folder.glob("*/LC_MESSAGES/messages.mo"):
                inside = compiled.relative_to(folder)
                build_data["force_include"][str(compiled)] = f"lmsapp/shipped/translations/{inside}"
