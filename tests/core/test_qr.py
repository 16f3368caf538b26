"""QR codes that a reader reads back."""

import pytest
import zxingcpp
from PIL import Image

from lmsapp.core import qr
from lmsapp.core.errors import Invalid


def picture(code: qr.Code, scale: int = 4) -> Image.Image:
    """The modules as a picture, as a screen or a press shows them."""
    size = len(code.rows)
    image = Image.frombytes("L", (size, size), bytes(0 if dark else 255 for dark in b"".join(code.rows)))
    return image.resize((size * scale, size * scale), Image.Resampling.NEAREST)


@pytest.mark.parametrize("text", ["https://nmc.example/verify#A" + "b" * 180, "NMC-2026-QU-00413-K", "سلام ۱۲۳", "1"])
@pytest.mark.parametrize("level", ["l", "m", "q"])
def test_a_code_is_read_back_as_it_was_written(text: str, level: qr.Level) -> None:
    found = zxingcpp.read_barcodes(picture(qr.draw(text, error=level)))
    assert [one.text for one in found] == [text]


def test_the_drawing_has_every_dark_module_once() -> None:
    code = qr.draw("NMC-2026-QU-00413-K")
    assert sum(length for _x, _y, length in code.runs()) == sum(b"".join(code.rows))


def test_the_picture_for_the_press_has_the_same_modules() -> None:
    code = qr.code("https://verify.example.org/v#abc")
    size = len(code.rows)
    for y, row in enumerate(code.rows):
        assert code.bits()[qr.FINE * y * size :][:size] == bytes(255 * module for module in row)
    assert len(code.bits()) == qr.FINE * size * size


@pytest.mark.parametrize("length", [200, 331, 390])
def test_a_printed_code_grows_with_its_text_and_never_gets_fine(length: int) -> None:
    code = qr.code("h" * length)
    assert code.side / len(code.rows) >= qr.LEAST_MODULE
    assert [one.text for one in zxingcpp.read_barcodes(picture(code))] == ["h" * length]


@pytest.mark.parametrize(("text", "version"), [("x" * 5000, None), ("x" * 400, 5), ("", None)])
def test_a_text_that_does_not_fit_is_refused(text: str, version: int | None) -> None:
    with pytest.raises(Invalid):
        qr.draw(text, version=version)


def test_a_code_on_a_page_has_words_for_who_can_not_see_it() -> None:
    assert 'role="img" aria-label="Number &#34;1&#34; &lt;b&gt;"' in str(qr.on_page("x", 'Number "1" <b>'))
