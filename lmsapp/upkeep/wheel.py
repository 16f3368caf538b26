"""Build hook: compiles the catalogues before they are packed, so that an installed program needs no compiler."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledCatalogues(BuildHookInterface[Any]):  # type: ignore[misc]
    """Called by hatchling for wheels; editable installs compile when `./run` asks for it."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Compiles into the source folder, which is packed whole, what git ignores included."""
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        from lmsapp.upkeep.catalogues import compile_catalogues  # noqa: PLC0415 - only the checkout has it

        compile_catalogues(Path(self.root) / "translations")
