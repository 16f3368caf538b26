"""The press: a child process that turns HTML into PDF with WeasyPrint, and the only module that knows it.

Started by `core.pdf` with pipes on standard input and output; leaves when nobody asks for a while. It reads no file but
the faces, reaches no network, and lives under limits of processor time, memory and file size set for each document.
"""

import contextlib
import gc
import hashlib
import logging
import os
import resource
import select
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pydyf
from cssselect2 import ElementWrapper
from weasyprint import CSS, HTML
from weasyprint.document import Document
from weasyprint.pdf import stream, tags
from weasyprint.pdf.fonts import Font
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcherResponse

from lmsapp.core import pdf_files, pdf_fonts, xml
from lmsapp.core.pdf import read_frame, write_frame

BASES_KEPT = 8
BORN_BEFORE_COLLECTING = 100_000  # objects: more than a certificate makes, fewer than a book does
FITS = tuple(f'class="fit-{step}"' for step in range(5))  # a page may say how it is set closer when text is too long
PIXEL = 0.75  # points


class Given:
    """The only source of style sheets and pictures: what came with the document, by its `res:` name."""

    _fail_on_errors = False

    def __init__(self, parts: dict[str, bytes]) -> None:
        self._parts = {name: content for name, content in parts.items() if name.startswith("res:")}

    def __call__(self, url: str, *_: object, **__: object) -> URLFetcherResponse:
        name = url.partition("#")[0]
        if name not in self._parts:
            raise LookupError(f"not given with the document: {url[:80]}")
        kind = "image/svg+xml" if name.endswith(".svg") else "text/css" if name.endswith(".css") else None
        return URLFetcherResponse(name, self._parts[name], {"Content-Type": kind} if kind else None)

    fetch = __call__


class Complaints(logging.Handler):
    """Collects what the typesetter warns of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


class Overlay(HTML):  # type: ignore[misc]
    """A page of sections only, well-formed: a browser's parser and whole style sheet would cost a fifth of a stamping."""

    _styles = (
        CSS(
            string="html, body, section { display: block } head { display: none }"
            "[dir] { unicode-bidi: isolate } [dir=ltr] { direction: ltr } [dir=rtl] { direction: rtl }"
        ),
    )

    def __init__(self, html: str, given: Given) -> None:
        self.base_url, self.url_fetcher, self.media_type = None, given, "print"
        self.wrapper_element = ElementWrapper.from_html_root(xml.parse(html.encode()), content_language=None)
        self.etree_element = self.wrapper_element.etree_element

    def _ua_stylesheets(self, forms: bool = False) -> tuple[CSS, ...]:  # noqa: ARG002, FBT001, FBT002 - WeasyPrint's
        return self._styles


def _page(html: str, given: Given) -> HTML:
    return HTML(string=html, url_fetcher=given)


@dataclass(frozen=True)
class Base:
    """A page without its changing words: the file, where its sections stand, and the style of what goes there."""

    file: pdf_files.BaseFile
    style: CSS


_build_box_tree = tags._build_box_tree  # noqa: SLF001 - the tag tree has no public hook


def _tagged(box: Any, *rest: Any) -> Iterator[Any]:
    """Adds to WeasyPrint's structure what PDF/UA asks for: languages, scopes of headers; and the ids of sections."""
    for element in _build_box_tree(box, *rest):
        if box.element is not None and box.element_tag not in {"html", "body"}:
            attributes = box.element.attrib
            if "lang" in attributes:
                element.setdefault("Lang", pydyf.String(attributes["lang"]))
            if element["S"] == "/TH":
                element["A"]["Scope"] = "/Row" if attributes.get("scope") == "row" else "/Column"
            if element["S"] == "/Sect" and "id" in attributes:
                element["ID"] = pydyf.String(attributes["id"])
        yield element


tags._build_box_tree = _tagged  # noqa: SLF001


class Face(Font):  # type: ignore[misc]
    """A face; not cut for an overlay when the base holds all its letters, since `lay_over` then draws with the base's."""

    held: ClassVar[dict[str, pdf_fonts.Subset]] = {}

    def clean(self, to_unicode: dict[int, str], hinting: bool) -> None:  # noqa: FBT001 - WeasyPrint's
        """Leaves of the face what the document needs."""
        known = self.held.get(f"/{self.hash}")
        if known is not None and to_unicode.keys() <= known.widths.keys():
            self.file_content = b""
        else:
            super().clean(to_unicode, hinting)


stream.Font = Face


def _too_long(page: Document) -> list[str]:
    """What has the id `above-<other>` must end above `<other>`: text that grew too long is an error, not a blot."""
    found = []
    for one in page.pages:
        for name, spot in one.anchors.items():
            below = one.anchors.get(name.removeprefix("above-"))
            if name.startswith("above-") and below and spot[3] > below[1]:
                found.append(f"{name} is {(spot[3] - below[1]) / 96 * 25.4:.1f} mm too long")
    return found


class Press:
    """Keeps what is dear to make: the face configuration and the last bases."""

    def __init__(self, complaints: Complaints) -> None:
        self._complaints = complaints
        self._faces = FontConfiguration()
        self._bases: OrderedDict[str, Base] = OrderedDict()

    def render(self, parts: dict[str, bytes], about: pdf_files.About) -> bytes:
        """One document by the full path."""
        page = self._set(parts["html"].decode(), parts, [])
        return pdf_files.finish(self._write(page), about)

    def stamp(self, parts: dict[str, bytes], about: pdf_files.About) -> bytes:
        """The changing words over their base."""
        base = self._base(parts)
        overlay = self._set(parts["html"].decode(), parts, [base.style], Overlay)
        Face.held = base.file.faces
        try:
            written = overlay.write_pdf(pdf_tags=True, uncompressed_pdf=True)
        finally:
            Face.held = {}
        figures = [pdf_files.Figure.of(part) for name, part in parts.items() if name.startswith("figure:")]
        return pdf_files.lay_over(base.file, written, figures, about, overlay.metadata.title or "")

    def _base(self, parts: dict[str, bytes]) -> Base:
        digest = hashlib.sha256(b"\0".join(parts[name] for name in ("base", "style", "specimen"))).hexdigest()
        if digest in self._bases:
            self._bases.move_to_end(digest)
            return self._bases[digest]
        page = self._set(parts["base"].decode(), parts, [])
        places = {name: spot for one in page.pages for name, spot in one.anchors.items()}
        points = {name: (x1 * PIXEL, y1 * PIXEL, x2 * PIXEL, y2 * PIXEL) for name, (x1, y1, x2, y2) in places.items()}
        width, height = page.pages[0].width, page.pages[0].height
        rules = "".join(
            f"#{name}{{position:absolute;left:{x1}px;top:{y1}px;width:{x2 - x1}px;height:{y2 - y1}px}}"
            for name, (x1, y1, x2, y2) in places.items()
        )
        style = f"@page{{size:{width}px {height}px;margin:0}}{parts['style'].decode()}{rules}"
        styled = CSS(string=style, font_config=self._faces, url_fetcher=Given(parts))
        specimen = self._set(parts["specimen"].decode(), parts, [styled], Overlay)
        letters = specimen.write_pdf(pdf_tags=True, uncompressed_pdf=True)
        base = Base(pdf_files.open_base(self._write(page), points, letters), styled)
        if not self._complaints.lines:
            self._bases[digest] = base
        if len(self._bases) > BASES_KEPT:
            self._bases.popitem(last=False)
        return base

    def _set(
        self, html: str, parts: dict[str, bytes], styles: list[CSS], read: Callable[[str, Given], HTML] = _page
    ) -> Document:
        for fit in FITS:
            fitted = html.replace(FITS[0], fit, 1)
            page = read(fitted, Given(parts)).render(font_config=self._faces, stylesheets=styles)
            too_long = _too_long(page)
            if not too_long or FITS[0] not in html:
                break
        self._complaints.lines += too_long
        page.metadata.attachments.clear()  # a link in a text never brings a file in
        return page

    def _write(self, page: Document) -> bytes:
        written: bytes = page.write_pdf(pdf_variant="pdf/a-3u", pdf_tags=True, uncompressed_pdf=True)
        return written


def limit(order: dict[str, Any]) -> None:
    """Limits for the next document; the processor's counts from what is used already."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + int(order["processor_seconds"])
    _lower(resource.RLIMIT_CPU, seconds)
    _lower(resource.RLIMIT_AS, int(order["memory_megabytes"]) << 20)
    _lower(resource.RLIMIT_FSIZE, int(order["file_megabytes"]) << 20)


def _lower(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def answer(
    press: Press, complaints: Complaints, order: dict[str, Any], parts: dict[str, bytes]
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Does one order; every failure becomes an answer."""
    complaints.lines.clear()
    try:
        limit(order)
        act = press.stamp if order["act"] == "stamp" else press.render
        made = act(parts, pdf_files.About.of(order, parts))
    except MemoryError:
        return {"failed": "memory", "message": "The document needed more memory than allowed."}, {}
    except Exception as fault:  # noqa: BLE001 - whatever a document does, the caller gets a clear answer
        first = complaints.lines[:1] or [f"{type(fault).__name__}: {fault}"]
        return {"failed": "crash", "message": first[0]}, {}
    if complaints.lines and order["strict"]:
        return {"failed": "rule", "message": "; ".join(complaints.lines[:5])}, {}
    return {}, {"pdf": made}


def main() -> None:
    """Answers orders until nobody asks for a while, the asker is gone, or enough has been printed."""
    idle, documents = float(sys.argv[1]), int(sys.argv[2])
    orders, replies = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not end up among the replies
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    complaints = Complaints()
    log = logging.getLogger("weasyprint")
    log.handlers, log.propagate = [complaints], False
    press = Press(complaints)
    gc.freeze()  # what is loaded by now stays; the collector need not look at it after every page
    gc.set_threshold(BORN_BEFORE_COLLECTING)
    for _ in range(documents):
        if not select.select([orders], [], [], idle)[0]:
            break
        frame = read_frame(orders)
        if frame is None:
            break
        reply, content = answer(press, complaints, *frame)
        write_frame(replies, reply, content)
        if reply.get("failed") in {"memory", "crash"}:
            break  # a fresh press for the next one
        gc.collect(0)  # a page is full of rings, and nothing of it stays
    with contextlib.suppress(BrokenPipeError):
        replies.close()


if __name__ == "__main__":
    main()
