"""E7: what a first visit loads, in octets as sent; the page and its style alone are the limit."""

import re
from collections.abc import Iterator

from flask.testing import FlaskClient

from lmsapp.bench.measuring import Cost, Row, Spread
from lmsapp.bench.school import School
from lmsapp.core.locales import LANGUAGES

PARTS = re.compile(r'<(?:link rel="(?:stylesheet|preload)" href|script[^>]* src)="([^"]+)"')


def run(school: School) -> Iterator[Row]:
    """The public first page and the page after it, in every language."""
    visitor = school.browser()
    for code in LANGUAGES:
        page, parts = _loaded(visitor, f"/{code}/")
        following, again = _loaded(visitor, f"/{code}/courses/maf-101")
        fresh = sum(size for name, size in again.items() if name not in parts)
        style = sum(size for name, size in parts.items() if ".css" in name)
        total = page + sum(parts.values())
        facts = {"requests": 1 + len(parts), "next_page": following + fresh}
        yield Row(
            "weight",
            f"first visit, {code} (E7)",
            "octets",
            _exactly(total),
            "page and style",
            _exactly(page + style),
            facts,
        )


def _loaded(visitor: FlaskClient, path: str) -> tuple[int, dict[str, int]]:
    """The size of a page as sent, and of every part it names, by address."""
    packed = {"Accept-Encoding": "gzip"}
    reply = visitor.get(path, headers=packed)
    names = set(PARTS.findall(visitor.get(path).get_data(as_text=True)))
    return len(reply.data), {name: len(visitor.get(name, headers=packed).data) for name in sorted(names)}


def _exactly(amount: int) -> Spread:
    return Spread.of([Cost(float(amount))])
