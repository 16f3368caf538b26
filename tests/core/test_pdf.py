"""The press: limits that hold, a page that reads only what it was given, the same bytes for the same page."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pikepdf
import pytest

from lmsapp.core import pdf

pytestmark = pytest.mark.skipif(not pdf.available(), reason=f"PDF is switched off: {pdf.missing()}")
OPTIONS = pdf.PdfOptions(created=datetime(2026, 11, 13, 9, 30, tzinfo=UTC))
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
HEAD = '<!doctype html><html lang="en"><title>Page</title>'


def render(body: str, options: pdf.PdfOptions = OPTIONS, **resources: bytes) -> bytes:
    return pdf.render(HEAD + body, resources=resources, options=options)


@pytest.fixture
def visits() -> Iterator[tuple[int, list[bytes]]]:
    """A listener on the loopback that remembers whoever knocks."""
    knocks: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    visitor, _ = server.accept()
                except OSError:
                    return
                knocks.append(visitor.recv(100))
                visitor.close()

        threading.Thread(target=listen, daemon=True).start()
        yield server.getsockname()[1], knocks
        server.shutdown(socket.SHUT_RDWR)


def test_the_same_page_gives_the_same_bytes_in_another_press() -> None:
    first = render("<p>Once")
    pdf.close()
    assert render("<p>Once") == first
    later = replace(OPTIONS, created=OPTIONS.created.astimezone(timezone(timedelta(hours=4))))
    assert render("<p>Once", later) == first, "the same moment in another zone"


def test_the_web_process_never_loads_weasyprint() -> None:
    asked = "import sys; from lmsapp.core import pdf; pdf.available(); print({'weasyprint'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    "body",
    [
        '<img src="{file}">',
        '<img src="{http}">',
        '<img src="data:image/png;base64,iVBORw0KGgo=">',
        '<img src="picture.png">',
        '<img src="res:absent.png">',
        '<link rel=stylesheet href="{file}">',
        '<link rel=stylesheet href="{http}">',
        '<style>@import url("{http}");</style><p>x',
        '<style>@font-face {{ font-family: x; src: url("{file}") }} p {{ font-family: x }}</style><p>x',
        '<style>p {{ background: url("{file}") }}</style><p>x',
        '<object data="{file}"></object>',
        '<embed src="{http}">',
        SVG + '<image href="{file}" width="9" height="9"/></svg>',
        SVG + '<use href="{http}#a"/></svg>',
        '<ul style="list-style-image: url({file})"><li>x</ul>',
    ],
)
def test_a_page_that_reaches_out_gets_nothing(body: str, tmp_path: Path, visits: tuple[int, list[bytes]]) -> None:
    (tmp_path / "mark.txt").write_text("SECRET-MARK")
    port, knocks = visits
    address = {"file": (tmp_path / "mark.txt").as_uri(), "http": f"http://127.0.0.1:{port}/x"}
    made = render(body.format(**address), replace(OPTIONS, strict=False))
    assert b"SECRET-MARK" not in made
    assert knocks == []


@pytest.mark.parametrize(
    "body",
    [
        '<link rel=attachment href="{file}"><p>x',
        '<link rel=attachment href="data:text/plain,SECRET-MARK"><p>x',
        '<p><a rel=attachment href="{file}">x</a>',
        '<p><a rel=attachment href="res:style.css">x</a>',
        '<p><a href="{file}">x</a>',
        '<p><a href="javascript:alert(1)">x</a>',
    ],
)
def test_no_text_attaches_a_file_or_links_to_one(body: str, tmp_path: Path) -> None:
    (tmp_path / "mark.txt").write_text("SECRET-MARK")
    options = replace(OPTIONS, strict=False)
    target = tmp_path / "made.pdf"
    target.write_bytes(render(body.format(file=(tmp_path / "mark.txt").as_uri()), options, **{"style.css": b"p {}"}))
    with pikepdf.open(target) as made:
        assert list(made.attachments) == []
        assert list(made.pages[0].get("/Annots", [])) == []
    assert b"SECRET-MARK" not in target.read_bytes()


def test_honest_links_stay(tmp_path: Path) -> None:
    target = tmp_path / "made.pdf"
    target.write_bytes(render('<p><a href="https://example.org/">x</a> <a href="#there">y</a><p id=there>z'))
    with pikepdf.open(target) as made:
        assert len(made.pages[0].Annots) == 2


def test_the_sources_are_what_was_given() -> None:
    picture = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
    made = render(
        '<link rel=stylesheet href="res:a.css"><img src="res:b.svg" alt="square">', **{"a.css": b"", "b.svg": picture}
    )
    assert made.startswith(b"%PDF-1.7")


@pytest.mark.parametrize("text", ["\U0001f600", "नमस्ते"])
def test_a_letter_that_no_face_has_fails_and_names_it(text: str) -> None:
    with pytest.raises(pdf.PdfFailed, match=text[0]) as failed:
        render(f"<p>{text}")
    assert failed.value.reason == "rule"


def test_nested_boxes_end_within_their_limit_and_the_next_page_is_set() -> None:
    bomb = "<div style='display:flex'>" * 14 + "x" + "</div>" * 14
    for limits in ({"processor_seconds": 2}, {"wall_seconds": 2.0}):
        with pytest.raises(pdf.PdfFailed) as failed:
            render(bomb, replace(OPTIONS, **limits))
        assert failed.value.reason == "time"
    assert render("<p>after").startswith(b"%PDF")


def test_memory_is_limited_and_the_next_page_is_set() -> None:
    many = "<p>line" * 60_000
    with pytest.raises(pdf.PdfFailed) as failed:
        render(many, replace(OPTIONS, memory_megabytes=300))
    assert failed.value.reason in {"memory", "crash"}
    assert render("<p>after").startswith(b"%PDF")


def test_a_press_that_died_is_replaced() -> None:
    render("<p>x")
    press = pdf._room._press
    assert press is not None
    press.kill()
    press._process.wait()
    assert render("<p>x").startswith(b"%PDF")


def test_an_idle_press_leaves_and_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pdf.close()
    monkeypatch.setattr(pdf, "IDLE_SECONDS", 0.2)
    first = render("<p>x")
    press = pdf._room._press
    assert press is not None
    assert press._process.wait(60) == 0
    assert render("<p>x") == first
    pdf.close()


def test_a_press_leaves_after_its_share_of_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    pdf.close()
    monkeypatch.setattr(pdf, "DOCUMENTS_PER_PRESS", 2)
    assert len({render("<p>x") for _ in range(5)}) == 1
    pdf.close()


def test_threads_share_one_press() -> None:
    made: list[bytes] = []
    threads = [threading.Thread(target=lambda: made.append(render("<p>x"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len(set(made)) == 1


def test_the_press_has_no_secrets_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    pdf.close()
    monkeypatch.setenv("LMSAPP_SECRET_KEY", "SECRET-MARK")
    render("<p>x")
    press = pdf._room._press
    assert press is not None
    assert b"SECRET-MARK" not in Path(f"/proc/{press._process.pid}/environ").read_bytes()
    assert os.getpgid(press._process.pid) == press._process.pid


def test_headers_of_tables_say_their_scope(tmp_path: Path) -> None:
    target = tmp_path / "made.pdf"
    target.write_bytes(render("<table><tr><th>a<th>b<tr><th scope=row>c<td>d</table>"))
    with pikepdf.open(target) as made:
        scopes = [
            str(one.A.Scope) for one in made.objects if isinstance(one, pikepdf.Dictionary) and one.get("/S") == "/TH"
        ]
    assert sorted(scopes) == ["/Column", "/Column", "/Row"]


def test_persian_digits_have_their_own_shapes_on_paper(tmp_path: Path) -> None:
    style = "<style>p { font: 40pt 'LMS Naskh'; direction: rtl } .plain { font-feature-settings: 'locl' 0 }</style>"
    for name, kind in (("a", ""), ("b", "class=plain")):
        (tmp_path / f"{name}.pdf").write_bytes(render(f"{style}<p lang=fa-AF {kind}>ب۴۶۷<p lang=ps {kind}>ب۴۶۷"))
        subprocess.run(
            ["pdftoppm", "-r", "60", "-png", "-singlefile", tmp_path / f"{name}.pdf", tmp_path / name], check=True
        )
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
