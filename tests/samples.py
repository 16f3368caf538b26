"""Real files made by others, with facts about each; they lie beside the tree or where LMSAPP_TEST_SAMPLES says."""

import json
import os
from pathlib import Path
from typing import Any

import pytest


def _found() -> Path | None:
    given = os.environ.get("LMSAPP_TEST_SAMPLES")
    places = [Path(given)] if given else [parent / "shared" / "samples" for parent in Path(__file__).parents]
    return next((place for place in places if (place / "expected.json").is_file()), None)


FOLDER = _found()


def facts(folder: str, *kinds: str) -> list[Any]:
    """Parameters of a test: every sample of a folder with its facts; one that skips loudly when there are none."""
    if FOLDER is None:
        return [
            pytest.param("", {}, marks=pytest.mark.skip(reason="no samples: set LMSAPP_TEST_SAMPLES"), id="no samples")
        ]
    known = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
    return [
        pytest.param(name, about["facts"], id=name)
        for name, about in known.items()
        if name.startswith(f"{folder}/") and about["kind"] in kinds
    ]


def content(name: str) -> bytes:
    """The octets of a sample."""
    assert FOLDER is not None
    return (FOLDER / name).read_bytes()
