"""Finishes PDF files with pikepdf: says what they are (PDF/A-3u, PDF/UA-1), attaches, lays a page over another.

Nothing here reads a clock or draws a random number: the same input gives the same bytes.
"""

import io
import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import md5
from typing import Any
from xml.sax.saxutils import escape

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

ALLOWED_LINKS = ("https:", "http:", "mailto:", "tel:")
XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
 xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaid:part>3</pdfaid:part><pdfaid:conformance>U</pdfaid:conformance><pdfuaid:part>1</pdfuaid:part>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<xmp:CreateDate>{moment}</xmp:CreateDate><xmp:ModifyDate>{moment}</xmp:ModifyDate>
<pdf:Producer>{producer}</pdf:Producer>
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource"><pdfaSchema:schema>PDF/UA</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category><pdfaProperty:description>part</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""
PRODUCER = "lmsapp, WeasyPrint"
# In WeasyPrint's streams all strings are hexadecimal, so a name before one of these operators is a resource.
RESOURCE_USE = re.compile(rb"/(\S+) (?=(?:[\d.]+ Tf|gs|Do|sh|scn|SCN|cs|CS)\b)")
MARK = re.compile(rb"/MCID (\d+)")
KINDS = ("/Font", "/XObject", "/ExtGState", "/Pattern", "/Shading")


@dataclass(frozen=True)
class File:
    """An attachment as it came over the pipe."""

    name: str
    media_type: str
    description: str
    relationship: str
    content: bytes

    def checksum(self) -> bytes:
        """What PDF calls the checksum of an embedded file: MD5, against damage only."""
        return md5(self.content, usedforsecurity=False).digest()


@dataclass(frozen=True)
class About:
    """What the finished file says of itself."""

    created: datetime
    files: tuple[File, ...]

    @classmethod
    def of(cls, order: dict[str, Any], parts: dict[str, bytes]) -> "About":
        """From an order of `core.pdf`."""
        files = [
            File(name, media_type, description, relationship, parts[f"attached:{number}"])
            for number, (name, media_type, description, relationship) in enumerate(order["attachments"])
        ]
        return cls(datetime.fromisoformat(order["created"]), tuple(files))


@dataclass(frozen=True)
class BaseFile:
    """A finished base page: its bytes, the object number of each section, how many marked contents it has."""

    content: bytes
    sections: dict[str, int]
    marks: int


def finish(written: bytes, about: About) -> bytes:
    """The file as WeasyPrint wrote it, with metadata and attachments, compressed."""
    with pikepdf.open(io.BytesIO(written)) as pdf:
        _keep_safe_links(pdf)
        return _save(pdf, about, str(pdf.docinfo.get("/Title", "")))


def open_base(written: bytes) -> BaseFile:
    """Prepares a one-page file for `lay_over`."""
    with pikepdf.open(io.BytesIO(written)) as pdf:
        page = pdf.pages[0]
        page.Contents = Stream(pdf, b"q\n" + page.Contents.read_bytes() + b"\nQ\n")
        page.Resources = pdf.make_indirect(page.Resources)
        content = io.BytesIO()
        pdf.save(content, deterministic_id=True, compress_streams=True, object_stream_mode=_PACKED)
    with pikepdf.open(content) as pdf:
        sections: dict[str, int] = {}
        _find_sections(pdf.Root.StructTreeRoot, sections)
        return BaseFile(content.getvalue(), sections, len(_page_marks(pdf)))


def lay_over(base: BaseFile, overlay: bytes, about: About, title: str) -> bytes:
    """The overlay's page on the base's: drawing after drawing, and each section's structure inside its namesake."""
    with pikepdf.open(io.BytesIO(base.content)) as pdf, pikepdf.open(io.BytesIO(overlay)) as over:
        page, top = pdf.pages[0], over.pages[0]
        _share_resources(pdf, page.Resources, top.Resources)
        drawing = RESOURCE_USE.sub(rb"/o\1 ", top.Contents.read_bytes())
        drawing = MARK.sub(lambda mark: b"/MCID %d" % (int(mark[1]) + base.marks), drawing)
        page.Contents = Array([page.Contents, Stream(pdf, drawing)])
        marks: dict[int, pikepdf.Object] = {}
        for element in over.Root.StructTreeRoot.K[0].K:
            place = pdf.get_object(base.sections[str(element.ID)], 0)
            place.K = Array([_transplant(kid, place, pdf, base.marks, marks) for kid in element.K])
            if "/Lang" in element:
                place.Lang = element.Lang
        _page_marks(pdf).extend(marks[mark] for mark in sorted(marks))
        return _save(pdf, about, title)


def _find_sections(element: Any, sections: dict[str, int]) -> None:
    if "/ID" in element and element.get("/S") == Name.Sect:
        sections[str(element.ID)] = element.objgen[0]
    for kid in element.get("/K", []):
        if isinstance(kid, Dictionary):
            _find_sections(kid, sections)


def _page_marks(pdf: Pdf) -> Any:
    """The structure elements of the first page's marked contents, in order (ISO 32000-1, 14.7.4.4)."""
    return pdf.Root.StructTreeRoot.ParentTree.Nums[1]


def _transplant(element: Any, parent: Any, pdf: Pdf, first: int, marks: dict[int, pikepdf.Object]) -> Any:
    """A copy of a structure element under `parent`; its marked contents are counted on from `first`."""
    if isinstance(element, int):
        marks[element + first] = parent
        return element + first
    copy = pdf.make_indirect(Dictionary(Type=Name.StructElem, S=element.S, P=parent, Pg=pdf.pages[0].obj))
    for key in ("/Lang", "/Alt"):
        if key in element:
            copy[key] = String(str(element[key]))
    if "/A" in element:
        copy.A = pdf.copy_foreign(element.A) if element.A.is_indirect else Dictionary(element.A)
    copy.K = Array([_transplant(kid, copy, pdf, first, marks) for kid in element.K])
    return copy


def _share_resources(pdf: Pdf, ours: Any, theirs: Any) -> None:
    for kind in KINDS:
        for name, thing in theirs.get(kind, {}).items():
            if kind not in ours:
                ours[kind] = Dictionary()
            ours[kind]["/o" + name[1:]] = pdf.copy_foreign(thing) if thing.is_indirect else Dictionary(thing)


def _keep_safe_links(pdf: Pdf) -> None:
    """Links lead to the web, mail, telephone or within the file; nothing is attached by a text."""
    for page in pdf.pages:
        if "/Annots" in page:
            page.Annots = Array([note for note in page.Annots if _is_safe(note)])


def _is_safe(note: Any) -> bool:
    if note.get("/Subtype") != Name.Link:
        return False
    action = note.get("/A")
    return action is None or (action.get("/S") == Name.URI and str(action.URI).lower().startswith(ALLOWED_LINKS))


def _attach(pdf: Pdf, about: About) -> None:
    names, specifications = Array(), Array()
    for file in sorted(about.files, key=lambda file: file.name):
        stream = Stream(pdf, file.content)
        stream.Type, stream.Subtype = Name.EmbeddedFile, Name("/" + file.media_type)
        stream.Params = Dictionary(Size=len(file.content), ModDate=_moment(about), CheckSum=String(file.checksum()))
        specification = pdf.make_indirect(
            Dictionary(
                Type=Name.Filespec,
                F=String(file.name),
                UF=String(file.name),
                Desc=String(file.description or file.name),
                AFRelationship=Name("/" + file.relationship),
                EF=Dictionary(F=stream, UF=stream),
            )
        )
        names.extend([String(file.name), specification])
        specifications.append(specification)
    if about.files:
        pdf.Root.AF = specifications
        if "/Names" not in pdf.Root:
            pdf.Root.Names = Dictionary()
        pdf.Root.Names.EmbeddedFiles = Dictionary(Names=names)


def _moment(about: About) -> String:
    return String(about.created.strftime("D:%Y%m%d%H%M%S+00'00'"))


def _save(pdf: Pdf, about: About, title: str) -> bytes:
    _attach(pdf, about)
    moment = about.created.strftime("%Y-%m-%dT%H:%M:%S+00:00")
    packet = XMP.format(title=escape(title), moment=moment, producer=escape(PRODUCER))
    pdf.Root.Metadata = Stream(pdf, packet.encode())
    pdf.Root.Metadata.Type, pdf.Root.Metadata.Subtype = Name.Metadata, Name.XML
    pdf.trailer.Info = pdf.make_indirect(
        Dictionary(Title=title, Producer=PRODUCER, CreationDate=_moment(about), ModDate=_moment(about))
    )
    target = io.BytesIO()
    pdf.save(target, deterministic_id=True, compress_streams=True, object_stream_mode=_PACKED)
    return target.getvalue()


_PACKED = pikepdf.ObjectStreamMode.generate
