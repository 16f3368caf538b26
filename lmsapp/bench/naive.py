"""The naive way to a certificate, for comparison only: one whole HTML page after the other, each on its own.

Reads lines of JSON (pages with their parts), answers with the processor and wall seconds they took.
"""

import base64
import json
import sys
import time

from weasyprint import HTML
from weasyprint.urls import URLFetcher, URLFetcherResponse


def main() -> None:
    """Until the input ends."""
    for line in sys.stdin:
        pages = json.loads(line)
        cpu, wall = time.process_time(), time.perf_counter()
        for page in pages:
            _set(page["html"], {name: base64.b64decode(part) for name, part in page["parts"].items()})
        print(json.dumps([time.process_time() - cpu, time.perf_counter() - wall]), flush=True)


class _Fetcher(URLFetcher):  # type: ignore[misc]
    """WeasyPrint's own fetcher, with our drawings beside it."""

    def __init__(self, parts: dict[str, bytes]) -> None:
        super().__init__()
        self._parts = parts

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        """A part by its `res:` name; anything else as usual."""
        if url not in self._parts:
            return super().fetch(url, headers)
        kind = "image/svg+xml" if url.endswith(".svg") else "text/css"
        return URLFetcherResponse(url, self._parts[url], {"Content-Type": kind})


def _set(html: str, parts: dict[str, bytes]) -> bytes:
    return HTML(string=html, url_fetcher=_Fetcher(parts)).write_pdf(pdf_tags=True) or b""


if __name__ == "__main__":
    main()
