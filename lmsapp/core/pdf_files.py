"""Finishes PDF files with pikepdf: says what they are (PDF/A-3u, PDF/UA-1), attaches, lays a page over another.

Nothing here reads a clock or draws a random number: the same input gives the same bytes.
"""

import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import md5
from typing import Any, Final
from xml.sax.saxutils import escape

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String

from lmsapp.core import pdf_fonts
from lmsapp.core.locales import LANGUAGES

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
RESOURCE_USE = re.compile(rb"/(\S+) (?=(?:gs|Do|sh|scn|SCN|cs|CS)\b)")
MARK = re.compile(rb"/\w+\s+<<\s*/MCID (\d+)\s*>>\s+BDC")
ARTIFACT = "artifact-"  # sections whose ids begin so are drawn, but read by nobody
WRAPPERS = (Name.Span, Name.NonStruct)
POINTS = 72 / 25.4  # a millimetre
# Primary subtags of the right-to-left languages: such a book is bound, and leafed through on screen, from the right.
RIGHT_TO_LEFT = {one.tag.partition("-")[0] for one in LANGUAGES.values() if one.direction == "rtl"}
Place = tuple[float, float, float, float]
KINDS = ("/XObject", "/ExtGState", "/Pattern", "/Shading")


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
    """A finished base page: its bytes, each section's object number and place, how many marked contents it has.

    Places are left, top, right, bottom in points from the upper left corner.
    """

    content: bytes
    sections: dict[str, int]
    places: dict[str, Place]
    faces: dict[str, pdf_fonts.Subset]
    marks: int


@dataclass(frozen=True)
class Figure:
    """A square picture of one bit a point to draw in the middle of a section, on a white ground.

    `bits` are its rows, dark is 1; `size` is its points along one side, a multiple of eight; `side` the printed length
    in mm, `alt` what readers aloud say.
    """

    section: str
    size: int
    side: float
    alt: str
    bits: bytes

    @classmethod
    def of(cls, part: bytes) -> "Figure":
        """From an order of `core.pdf`."""
        about, _, bits = part.partition(b"\n")
        section, size, side, alt = json.loads(about)
        return cls(section, size, side, alt, bits)


def finish(written: bytes, about: About) -> bytes:
    """The file as WeasyPrint wrote it, with metadata and attachments, compressed."""
    with pikepdf.open(io.BytesIO(written)) as pdf:
        _keep_safe_links(pdf)
        if ARTIFACT.encode() in written:
            _silence(pdf)
        if str(pdf.Root.get("/Lang", "")).partition("-")[0] in RIGHT_TO_LEFT:
            pdf.Root.ViewerPreferences = Dictionary(
                {**dict(pdf.Root.get("/ViewerPreferences", {})), "/Direction": Name.R2L}
            )
        return _save(pdf, about, str(pdf.docinfo.get("/Title", "")))


def open_base(written: bytes, places: dict[str, Place], specimen: bytes) -> BaseFile:
    """Prepares a one-page file for `lay_over`; its faces get the specimen's letters, which overlays then need not bring."""
    with pikepdf.open(io.BytesIO(written)) as pdf, pikepdf.open(io.BytesIO(specimen)) as letters:
        _silence(pdf)
        _flatten(pdf.Root.StructTreeRoot.K[0])
        page = pdf.pages[0]
        page.Contents = Stream(pdf, b"q\n" + page.Contents.read_bytes() + b"\nQ\n")
        page.Resources = pdf.make_indirect(page.Resources)
        brought = {name: pdf_fonts.read(font) for name, font in letters.pages[0].Resources.Font.items()}
        for name, font in page.Resources.Font.items():
            own = pdf_fonts.read(font)
            pdf_fonts.write(pdf, font, own.joined(brought[name]) if name in brought else own)
        content = io.BytesIO()
        pikepdf.settings.set_flate_compression_level(9)  # once for a whole batch
        pdf.save(content, deterministic_id=True, compress_streams=True, object_stream_mode=_PACKED)
        pikepdf.settings.set_flate_compression_level(_LEVEL)
    with pikepdf.open(content) as pdf:
        sections = {str(one.ID): one.objgen[0] for one in _sections(pdf.Root.StructTreeRoot)}
        faces = {name: pdf_fonts.read(font) for name, font in pdf.pages[0].Resources.Font.items()}
        return BaseFile(content.getvalue(), sections, places, faces, len(_page_marks(pdf)))


def lay_over(base: BaseFile, overlay: bytes, figures: Sequence[Figure], about: About, title: str) -> bytes:
    """The overlay's page on the base's: drawing after drawing, and each section's structure inside its namesake."""
    with pikepdf.open(io.BytesIO(base.content)) as pdf, pikepdf.open(io.BytesIO(overlay)) as over:
        page, top = pdf.pages[0], over.pages[0]
        _share_resources(pdf, page.Resources, top.Resources)
        _share_faces(pdf, base.faces, page.Resources.Font, top.Resources.Font)
        marks: dict[int, tuple[int, Any]] = {}
        for element in over.Root.StructTreeRoot.K[0].K:
            if not str(element.ID).startswith(ARTIFACT):
                place = pdf.get_object(base.sections[str(element.ID)], 0)
                place.K = Array([_transplant(kid, place, pdf, base.marks, marks) for kid in element.K])
        drawing = RESOURCE_USE.sub(rb"/o\1 ", top.Contents.read_bytes())
        drawing = b"q\n" + MARK.sub(lambda mark: _renumbered(mark, marks), drawing) + b"\nQ\n"
        drawing += b"".join(_place_figure(pdf, base, figure, marks) for figure in figures)
        page.Contents = Array([page.Contents, Stream(pdf, drawing)])
        _page_marks(pdf).extend(place for _, place in marks.values())
        return _save(pdf, about, title)


def _place_figure(pdf: Pdf, base: BaseFile, figure: Figure, marks: dict[int, tuple[int, Any]]) -> bytes:
    """Draws the figure in the middle of its section and tells the structure."""
    left, top, right, bottom = base.places[figure.section]
    height, side = float(pdf.pages[0].MediaBox[3]), figure.side * POINTS
    x, y = (left + right - side) / 2, height - (top + bottom - side) / 2
    place = pdf.get_object(base.sections[figure.section], 0)
    box = Dictionary(O=Name.Layout, BBox=Array([round(edge, 3) for edge in (x, y - side, x + side, y)]))
    element = pdf.make_indirect(
        Dictionary(Type=Name.StructElem, S=Name.Figure, P=place, Pg=pdf.pages[0].obj, Alt=String(figure.alt), A=box)
    )
    number = base.marks + len(marks)
    element.K, place.K = Array([number]), Array([element])
    marks[-number] = (number, element)
    mask = Stream(pdf, figure.bits, Type=Name.XObject, Subtype=Name.Image, Width=figure.size, Height=figure.size)
    mask.ImageMask, mask.BitsPerComponent, mask.Decode = True, 1, Array([1, 0])
    name = f"/figure-{figure.section}"
    resources = pdf.pages[0].Resources
    if "/XObject" not in resources:
        resources.XObject = Dictionary()
    resources.XObject[name] = mask
    return (
        f"/Figure <</MCID {number}>> BDC\nq\n{side:.3f} 0 0 {side:.3f} {x:.3f} {y - side:.3f} cm\n"
        f"1 g\n0 0 1 1 re\nf\n0 g\n{name} Do\nQ\nEMC\n"
    ).encode()


def _sections(element: Any) -> Iterator[Any]:
    """The sections that have an id."""
    if element.get("/S") == Name.Sect and "/ID" in element:
        yield element
    for kid in element.get("/K", []):
        if isinstance(kid, Dictionary):
            yield from _sections(kid)


def _silence(pdf: Pdf) -> None:
    """Takes sections that are artifacts out of the structure and marks their drawing so."""
    for section in [one for one in _sections(pdf.Root.StructTreeRoot) if str(one.ID).startswith(ARTIFACT)]:
        page = pikepdf.Page(section.Pg)
        numbers = {b"%d" % number for number in _marks_of(section)}
        marks = pdf.Root.StructTreeRoot.ParentTree.Nums[2 * int(page.obj.StructParents) + 1]
        for number in numbers:
            marks[int(number)] = None
        drawing = MARK.sub(lambda mark: b"/Artifact BMC" if mark[1] in numbers else mark[0], page.Contents.read_bytes())  # noqa: B023
        page.obj.Contents = Stream(pdf, drawing)
        section.P.K = Array([kid for kid in section.P.K if kid != section])


def _flatten(element: Any) -> None:
    """Takes out of the structure what only repeats it: spans of one span, boxes with nothing in them."""
    kids = []
    for kid in element.K:
        if not isinstance(kid, int):
            _flatten(kid)
            while kid.S in WRAPPERS and len(kid.K) == 1 and not isinstance(kid.K[0], int) and Name.Span == kid.K[0].S:
                inner = kid.K[0]
                if "/Lang" in kid and "/Lang" not in inner:
                    inner.Lang = kid.Lang
                inner.P, kid = element, inner  # noqa: PLW2901
            if Name.Div == kid.S and not len(kid.K):
                continue
        kids.append(kid)
    element.K = Array(kids)


def _marks_of(element: Any) -> Iterator[int]:
    for kid in element.K:
        if isinstance(kid, int):
            yield kid
        else:
            yield from _marks_of(kid)


def _page_marks(pdf: Pdf) -> Any:
    """The structure elements of the first page's marked contents, in order (ISO 32000-1, 14.7.4.4)."""
    return pdf.Root.StructTreeRoot.ParentTree.Nums[1]


def _transplant(element: Any, parent: Any, pdf: Pdf, first: int, marks: dict[int, tuple[int, Any]]) -> Any:
    """A copy of a structure element under `parent`; its marked contents are counted on from `first`."""
    if isinstance(element, int):
        marks[element] = (first + len(marks), parent)
        return first + len(marks) - 1
    copy = pdf.make_indirect(Dictionary(Type=Name.StructElem, S=element.S, P=parent, Pg=pdf.pages[0].obj))
    for key in ("/Lang", "/Alt"):
        if key in element:
            copy[key] = String(str(element[key]))
    if "/A" in element:
        copy.A = Dictionary(element.A)
    copy.K = Array([_transplant(kid, copy, pdf, first, marks) for kid in element.K])
    return copy


def _renumbered(mark: re.Match[bytes], marks: dict[int, tuple[int, Any]]) -> bytes:
    """A marked content under its new number, or as an artifact when no structure holds it."""
    number = int(mark[1])
    return b"/Span <</MCID %d>> BDC" % marks[number][0] if number in marks else b"/Artifact BMC"


def _share_resources(pdf: Pdf, ours: Any, theirs: Any) -> None:
    for kind in KINDS:
        for name, thing in theirs.get(kind, {}).items():
            if kind not in ours:
                ours[kind] = Dictionary()
            ours[kind]["/o" + name[1:]] = pdf.copy_foreign(thing) if thing.is_indirect else Dictionary(thing)


def _share_faces(pdf: Pdf, known: dict[str, pdf_fonts.Subset], ours: Any, theirs: Any) -> None:
    """One font per face: WeasyPrint names a font after its face, so equal names are equal faces."""
    for name, font in theirs.items():
        if name not in known:
            ours[name] = pdf.copy_foreign(font)
            pdf_fonts.write(pdf, ours[name], pdf_fonts.read(font))
        elif not known[name].holds(font):
            pdf_fonts.write(pdf, ours[name], known[name].joined(pdf_fonts.read(font)))


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
    pdf.save(
        target,
        deterministic_id=True,
        compress_streams=True,
        object_stream_mode=_PACKED,
        fix_metadata_version=False,
    )
    return target.getvalue()


_LEVEL: Final = 6
pikepdf.settings.set_flate_compression_level(_LEVEL)
_PACKED = pikepdf.ObjectStreamMode.generate
