"""`./run lint`: every static check in the order of ARCHITECTURE.md; goes on after a failure and fails at the end."""

import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
CHECKS: tuple[tuple[str, ...], ...] = (
    ("lint-imports", "--no-cache"),
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("djlint", "templates", "--lint", "--quiet"),
    ("python", "-m", "lmsapp.upkeep.catalogues", "check"),
)


def main() -> int:
    """How many of the checks failed."""
    failed = []
    for tool, *arguments in CHECKS:
        print(f"== {tool} {' '.join(arguments)}", flush=True)
        if subprocess.run([BIN / tool, *arguments], check=False).returncode:  # noqa: S603
            failed.append(tool)
    print(
        f"lint: {len(CHECKS) - len(failed)} of {len(CHECKS)} passed"
        + (f"; failed: {', '.join(failed)}" if failed else "")
    )
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
