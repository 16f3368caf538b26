"""The one reader of XML: no document type, no entities of its own, nothing fetched, no limits lifted."""

from functools import cache
from typing import TYPE_CHECKING, Any

from lmsapp.core.errors import Invalid
from lmsapp.core.translations import N_

if TYPE_CHECKING:
    from lxml.etree import _Element

    Element = _Element
else:
    Element = Any  # the library is loaded at first use

MOST_OCTETS = 32 << 20


@cache
def etree() -> Any:
    """The library, for those who write XML."""
    from lxml import etree as library  # noqa: PLC0415 - 3 MB that only files of others need

    return library


def parse(content: bytes, most: int = MOST_OCTETS) -> Element:
    """The root element of a document of at most `most` octets; raises Invalid with line, column and reason."""
    if len(content) > most:
        raise Invalid(N_("The XML file is larger than %(most)s MB."), most=most >> 20)
    parser = etree().XMLParser(
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        recover=False,
    )
    try:
        root: Element = etree().fromstring(content, parser)
    except etree().XMLSyntaxError as problem:
        line, column = problem.position
        raise Invalid(
            N_("Line %(line)s, column %(column)s: this is not well-formed XML (%(problem)s)."),
            line=line,
            column=column,
            problem=(problem.msg or "").partition(", line ")[0],
        ) from problem
    except (ValueError, LookupError) as problem:
        raise Invalid(N_("This is not an XML file.")) from problem
    if root.getroottree().docinfo.internalDTD is not None:
        raise Invalid(N_("The XML file has a document type (<!DOCTYPE …>). Remove that line: such files are not read."))
    return root
