"""XML without document types, entities or outside references."""

import time
from pathlib import Path

import pytest

from lmsapp.core import xml
from lmsapp.core.errors import Invalid


def bomb(levels: int = 12) -> bytes:
    lines = ['<!ENTITY e0 "lol">'] + [f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, levels)]
    return f"<!DOCTYPE x [{''.join(lines)}]><x a='&e{levels - 1};'>&e{levels - 1};</x>".encode()


HOSTILE = {
    "entities that grow": bomb(),
    "one large entity repeated": f"<!DOCTYPE x [<!ENTITY a '{'a' * 50_000}'>]><x>{'&a;' * 50_000}</x>".encode(),
    "a file as entity": b"<!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/passwd'>]><x>&f;</x>",
    "a file as parameter entity": b"<!DOCTYPE x [<!ENTITY % f SYSTEM 'file:///etc/passwd'> %f;]><x/>",
    "an outside document type": b"<!DOCTYPE x SYSTEM 'http://127.0.0.1:9/x.dtd'><x/>",
    "a public document type": b"<!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0' 'http://127.0.0.1:9/x'><html/>",
    "a bare document type": b"<!DOCTYPE x><x/>",
    "the same in UTF-16": "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>".encode("utf-16"),
    "an undeclared entity": b"<x>&unknown;</x>",
    "very deep": b"<a>" * 100_000,
    "very deep and closed": b"<a>" * 5_000 + b"</a>" * 5_000,
    "not closed": b"<x><y></x>",
    "two roots": b"<x/><y/>",
    "empty": b"",
    "only a space": b" ",
    "not XML": b"PK\x03\x04",
    "NUL": b"<x>\0</x>",
    "unknown encoding": b"<?xml version='1.0' encoding='klingon'?><x/>",
    "wrong UTF-8": b"<x>\xff\xfe\xfd</x>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_or_broken_xml_is_refused_at_once(name: str) -> None:
    begun = time.monotonic()
    with pytest.raises(Invalid) as refused:
        xml.parse(HOSTILE[name])
    assert time.monotonic() - begun < 1
    assert "root:" not in str(refused.value)


def test_the_message_says_where() -> None:
    with pytest.raises(Invalid, match="Line 3, column"):
        xml.parse(b"<quiz>\n<question>\n</quiz>\n")


def test_a_file_larger_than_the_limit_is_refused() -> None:
    with pytest.raises(Invalid, match="larger than 1 MB"):
        xml.parse(b"<x>" + b"a" * (1 << 20) + b"</x>", most=1 << 20)


def test_an_include_or_a_schema_reference_is_only_text(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    root = xml.parse(
        b'<x xmlns:xi="http://www.w3.org/2001/XInclude" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        b'xsi:schemaLocation="a http://127.0.0.1:9/a.xsd"><xi:include href="'
        + str(tmp_path / "secret").encode()
        + b'"/></x>'
    )
    assert "secret" not in "".join(root.itertext())


def test_sound_documents_in_six_scripts_are_read() -> None:
    text = "<x lang='prs'>تعلیم ، təlim, zımba, სწავლება, ښوونه &amp; &#1777;</x>"
    assert xml.parse(text.encode()).text == "تعلیم ، təlim, zımba, სწავლება, ښوونه & ۱"
    assert xml.parse(("<?xml version='1.0' encoding='windows-1254'?><x>ığdır</x>").encode("cp1254")).text == "ığdır"
    assert xml.parse(b"<x>\n<y>1</y></x>").findtext("y") == "1"
