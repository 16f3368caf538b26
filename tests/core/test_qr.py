"""QR codes that a reader reads back."""

import pytest
import zxingcpp
from PIL import Image

from lmsapp.core import qr
from lmsapp.core.errors import Invalid


def picture(code: qr.Code, scale: int = 4) -> Image.Image:
    """Draws the path as a browser would."""
    side = code.modules + 2 * qr.QUIET
    image = Image.new("L", (side, side), 255)
    for stroke in code.path.split("z")[:-1]:
        start, _, rest = stroke[1:].partition("h")
        x, y = map(int, start.split())
        for n in range(int(rest.partition("v")[0])):
            image.putpixel((x + n + qr.QUIET, y + qr.QUIET), 0)
    return image.resize((side * scale, side * scale), Image.Resampling.NEAREST)


@pytest.mark.parametrize("text", ["https://nmc.example/verify#A" + "b" * 180, "NMC-2026-QU-00413-K", "سلام ۱۲۳", "1"])
@pytest.mark.parametrize("level", ["l", "m", "q"])
def test_a_code_is_read_back_as_it_was_written(text: str, level: qr.Level) -> None:
    found = zxingcpp.read_barcodes(picture(qr.draw(text, error=level)))
    assert [one.text for one in found] == [text]


def test_version_and_view_box_are_as_asked() -> None:
    code = qr.draw("x", error="m", version=13)
    assert (code.version, code.modules, code.view_box) == (13, 69, "-4 -4 77 77")


@pytest.mark.parametrize(("text", "version"), [("x" * 5000, None), ("x" * 400, 5), ("", None)])
def test_a_text_that_does_not_fit_is_refused(text: str, version: int | None) -> None:
    with pytest.raises(Invalid):
        qr.draw(text, version=version)


def test_a_code_on_a_page_has_words_for_who_can_not_see_it() -> None:
    drawn = str(qr.on_page("x", 'Number "1" <b>'))
    assert 'role="img" aria-label="Number &#34;1&#34; &lt;b&gt;"' in drawn
    assert f'viewBox="-4 -4 {qr.modules("x")} {qr.modules("x")}"' in drawn
