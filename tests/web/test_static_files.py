"""The style sheet as it is sent: light, and saying the same as its source."""

import gzip
import re
from pathlib import Path

import tinycss2
from flask import Flask

SOURCE = Path(__file__).parents[2] / "lmsapp/web/static/app.css"
MOST = 12 * 1024
DIGEST = re.compile(r"\?v=[0-9a-f]+")


def said(sheet: str) -> list[str]:
    """The rules of a sheet, whatever their spaces."""
    rules = tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True)
    assert [rule.message for rule in rules if rule.type == "error"] == []
    plain = [DIGEST.sub("", re.sub(r"/\*.*?\*/|\s", "", rule.serialize(), flags=re.DOTALL)) for rule in rules]
    return [rule.replace(";}", "}") for rule in plain]


def test_the_style_sheet_is_sent_light_and_whole(app: Flask) -> None:
    reply = app.test_client().get("/static/app.css", headers={"Accept-Encoding": "gzip"}, buffered=True)
    assert len(reply.data) <= MOST
    assert said(gzip.decompress(reply.data).decode()) == said(SOURCE.read_text(encoding="utf-8"))
