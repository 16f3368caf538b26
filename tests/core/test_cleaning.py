"""Rich text keeps its words, its lists and its direction, and loses whatever could run."""

import re
import time

import pytest

from lmsapp.core import cleaning
from lmsapp.core.errors import Invalid

SCRIPTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<p onclick=alert(1)>x</p>",
    "<p style='background:url(javascript:alert(1))'>x</p>",
    "<iframe srcdoc='<script>1</script>'>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<svg><style><img src=x onerror=alert(1)></style>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>1</script></template>",
    "<!--><script>alert(1)</script>-->",
    "<p dir='rtl\" onclick=\"alert(1)'>x</p>",
    "<br/onmouseover=alert(1)//>",
    "<object data='data:text/html,<script>1</script>'>",
    "<base href='//evil.example'>",
    "<form action=x><input></form>",
    "<p dir=rtl id=x class=y lang=en>x</p>",
    "<<script>script>alert(1)</script>",
    "<scr\0ipt>alert(1)</script>",
    "<style>@import 'http://evil.example'</style>",
    "<link rel=stylesheet href=//evil.example>",
    "<meta http-equiv=refresh content=0>",
]


@pytest.mark.parametrize("text", SCRIPTS)
def test_nothing_that_runs_or_fetches_survives(text: str) -> None:
    found = cleaning.clean(text)
    for tag in re.findall(r"<[^>]*>", found):
        assert re.fullmatch(r'</?(p|br|strong|em|ul|ol|li|blockquote)( dir="(ltr|rtl|auto)")?>', tag), found
    assert cleaning.clean(found) == found


def test_what_people_format_stays() -> None:
    text = '<p dir="rtl"><strong>خطر</strong> – دست <em>نزنید</em></p><ul><li>a &amp; b</li></ul>'
    assert cleaning.clean(text) == text


def test_words_alone_for_search() -> None:
    assert cleaning.words("<p>a &lt; b &amp; <strong>c</strong></p><script>x</script>") == "a < b & c"


def test_a_text_without_end_or_bottom_is_refused_or_cleaned_in_time() -> None:
    with pytest.raises(Invalid, match="100000 characters"):
        cleaning.clean("x" * 100_001)
    begun = time.monotonic()
    cleaning.clean("<blockquote>" * 8_000)
    cleaning.clean("<p" * 50_000)
    assert time.monotonic() - begun < 5
