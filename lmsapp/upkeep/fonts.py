"""Cuts our faces from the Noto fonts of Debian's `fonts-noto-core`: `python -m lmsapp.upkeep.fonts`.

Six small WOFF2 files for screens and ten TrueType files for paper, all committed; whoever changes the letters below
runs this and commits the result, which is the same byte for byte on every machine with that Debian package.
The sources are under the SIL Open Font License, and so are the results; OFL.txt stands beside them.
One family is one file per weight: a family split over several files prints wrong letters without a warning.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import click
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.ttLib.reorderGlyphs import reorderGlyphs

DEBIAN = Path("/usr/share/fonts/truetype/noto")
PACKAGE = Path(__file__).parents[1]
WEB = PACKAGE / "web" / "static" / "fonts"
PRINT = PACKAGE / "core" / "print_fonts"
MADE = 3681072000  # 2020-08-25 in seconds since 1904: about the age of the sources, so that a rebuild changes nothing

ASCII = "".join(map(chr, range(0x20, 0x7F)))
# Azerbaijani and Turkish; Croatian; names of the neighbours and of donors; ʻ and ʼ of transliterated names.
LATIN_LETTERS = (
    "ÇĞİıÖŞÜçğöşüƏəÂÎÛâîûĆČĐŠŽćčđšžÀÁÄÅÆÈÉÊËÌÍÏÑÒÓÔØÙÚÝßàáäåæèéêëìíïñòóôøùúýÿ"
    "ĀāĂăĄąĎďĒēĘęĚěĪīŁłŃńŇňŌōŐőŒœŘřŚśŤťŪūŮůŰűŹźŻżȘșȚțʻʼ"
)
LATIN_SIGNS = "\u00a0\u00ad\u202f\u2011¡¿«»‹›‘’‚“”„–—…•·′″°±×÷¹²³½¼§©®™†‰№€£₺₼₾−≈≤≥←↑→↓"
BIDI = "\u200b\u200c\u200d\u200e\u200f\u061c\u2066\u2067\u2068\u2069"
LATIN = ASCII + LATIN_LETTERS + LATIN_SIGNS

MKHEDRULI, MTAVRULI = "".join(map(chr, range(0x10D0, 0x1100))), "".join(map(chr, [*range(0x1C90, 0x1CBB), 0x1CBD]))
GEORGIAN = " \u00a0-\u2010₾" + MKHEDRULI.replace("ჼ", "") + MTAVRULI

# Dari and Pashto, the Arabic letters of names and quotations, marks, both rows of digits.
NASKH_LETTERS = "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيٱټپځڅچډړږژښکګگڼۀہۂیۍېےە"
NASKH_MARKS = "ًٌٍَُِّْٰٕٓٔـ،؛؟٪٫٬۔؋"
NASKH = " \u00a0!(),-.:[]«»‐\u2011–" + NASKH_LETTERS + NASKH_MARKS + "٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹" + BIDI

# Paper has no byte budget: a name from anywhere in Latin or Cyrillic letters can be set.
PRINT_LATIN = LATIN + "".join(map(chr, [*range(0xA0, 0x250), *range(0x300, 0x30D), *range(0x400, 0x530),
                                        *range(0x1E00, 0x1F00), *range(0x2010, 0x2028), 0x25CC]))  # fmt: skip
PRINT_NASKH = NASKH + "".join(map(chr, [*range(0x600, 0x700), *range(0x750, 0x780), 0xFDF2, 0xFDFC, 0x25CC]))


@dataclass(frozen=True)
class Face:
    """One family and weight (400 or 700): the Noto file it is cut from, its usual letters, and those of paper.

    The usual letters are the web's cut, where there is one, and stand first on paper.
    """

    family: str
    weight: int
    source: str
    usual: str
    paper: str

    @property
    def on_screen(self) -> bool:
        """Print alone has serifs."""
        return "Serif" not in self.family

    @property
    def stem(self) -> str:
        """`lms-latin-400`."""
        return f"{self.family.lower().replace(' ', '-')}-{self.weight}"


def _pair(family: str, source: str, usual: str, paper: str) -> list[Face]:
    return [Face(family, 400, f"{source}-Regular", usual, paper), Face(family, 700, f"{source}-Bold", usual, paper)]


FACES = [
    *_pair("LMS Latin", "NotoSans", LATIN, PRINT_LATIN),
    *_pair("LMS Georgian", "NotoSansGeorgian", GEORGIAN, GEORGIAN),
    *_pair("LMS Naskh", "NotoNaskhArabic", NASKH, PRINT_NASKH),
    *_pair("LMS Serif", "NotoSerif", LATIN, PRINT_LATIN),
    *_pair("LMS Serif Georgian", "NotoSerifGeorgian", GEORGIAN, GEORGIAN),
]
MATHS = "≈≤≥←↑→↓"  # Debian's Noto Sans and Serif lack these; Noto Sans Math has the same em


def _borrow(font: TTFont, letters: str) -> None:
    """Copies glyphs that the face lacks from Noto Sans Math."""
    maths = TTFont(DEBIAN / "NotoSansMath-Regular.ttf")
    for letter in letters:
        source = maths.getBestCmap()[ord(letter)]
        _add(font, letter, maths["glyf"][source], maths["hmtx"][source])


def _add(font: TTFont, letter: str, glyph: object, metrics: tuple[int, int]) -> None:
    name = f"uni{ord(letter):04X}"
    font.setGlyphOrder([*font.getGlyphOrder(), name])
    font["glyf"][name] = glyph
    font["hmtx"][name] = metrics
    for table in font["cmap"].tables:
        if table.isUnicode():
            table.cmap[ord(letter)] = name


def _draw_minus(font: TTFont) -> None:
    """U+2212, which number formats write for negatives: the bar of the plus sign, so that both stand level."""
    plus = font["cmap"].getBestCmap()[ord("+")]
    outline = font["glyf"][plus].getCoordinates(font["glyf"])[0]
    left, right = min(x for x, _ in outline), max(x for x, _ in outline)
    bar = [y for x, y in outline if x in {left, right}]
    pen = TTGlyphPen(None)
    pen.moveTo((left, min(bar)))
    for corner in ((left, max(bar)), (right, max(bar)), (right, min(bar))):
        pen.lineTo(corner)
    pen.closePath()
    _add(font, "−", pen.glyph(), font["hmtx"][plus])


def _keep_persian_digits(font: TTFont) -> None:
    """Removes the `locl` substitutions that draw ۴ ۶ ۷ in Urdu shapes for every language; those of « » stay."""
    names = font.getBestCmap()
    digits = {names[code] for code in range(0x6F0, 0x6FA)}
    table = font["GSUB"].table
    for feature in table.FeatureList.FeatureRecord:
        if feature.FeatureTag != "locl":
            continue
        for index in feature.Feature.LookupListIndex:
            for part in table.LookupList.Lookup[index].SubTable:
                mapping = getattr(getattr(part, "ExtSubTable", part), "mapping", {})
                for glyph in digits & mapping.keys():
                    del mapping[glyph]


def _cut(font: TTFont, letters: str) -> None:
    """Keeps the given letters with joining, marks and kerning; no hints, no alternates."""
    options = Options()
    options.layout_features = ["ccmp", "locl", "init", "medi", "fina", "rlig", "kern", "mark", "mkmk", "calt"]
    if "ب" in letters:  # Latin `fi` would eat the dot that tells i from ı
        options.layout_features += ["liga"]
    options.hinting = False
    options.notdef_outline = True
    options.glyph_names = True  # until it is saved
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += ["DSIG", "meta", "gasp"]
    cutter = Subsetter(options)
    cutter.populate(unicodes=[ord(letter) for letter in letters])
    cutter.subset(font)


def _rename(font: TTFont, face: Face) -> None:
    style = "Bold" if face.weight == 700 else "Regular"
    names = {1: face.family, 2: style, 3: f"{face.family} {style} 1", 4: f"{face.family} {style}",
             6: f"{face.family.replace(' ', '')}-{style}"}  # fmt: skip
    for record in font["name"].names:
        record.string = names.get(record.nameID, str(record))


def make(face: Face, letters: str) -> TTFont:
    """The face cut to `letters` (those it has), renamed as the licence of a changed font asks."""
    font = TTFont(DEBIAN / f"{face.source}.ttf", recalcTimestamp=False)
    if "−" in letters:
        _draw_minus(font)
        _borrow(font, MATHS)
    if "Naskh" in face.family:
        _keep_persian_digits(font)
    _cut(font, letters)
    _rename(font, face)
    font["head"].created = font["head"].modified = MADE
    return font


def _draw_in_one(font: TTFont) -> None:
    """Turns composed glyphs (ç of c and cedilla) into simple ones."""
    glyphs = font.getGlyphSet()
    for name in font.getGlyphOrder():
        if font["glyf"][name].isComposite():
            drawn = DecomposingRecordingPen(glyphs)
            glyphs[name].draw(drawn)
            pen = TTGlyphPen(None)
            drawn.replay(pen)
            font["glyf"][name] = pen.glyph()


def make_for_paper(face: Face) -> TTFont:
    """The wide cut as `core.pdf_fonts` needs it: every glyph drawn by itself, the usual ones first.

    A PDF embeds tables up to the last glyph it uses, and numbers the parts of composed glyphs behind that anew.
    """
    usual = set(make(face, face.usual).getGlyphOrder())
    whole = io.BytesIO()
    make(face, face.paper).save(whole)
    font = TTFont(whole, recalcTimestamp=False)
    _draw_in_one(font)
    reorderGlyphs(font, sorted(font.getGlyphOrder(), key=lambda glyph: (glyph != ".notdef", glyph not in usual)))
    return font


def save(font: TTFont, target: Path, flavor: str | None) -> int:
    """Writes TrueType, or WOFF2 where `flavor` says so, without names of glyphs; returns the size in bytes."""
    font["post"].formatType = 3.0
    font.flavor = flavor
    font.save(target, reorderTables=None if flavor else True)
    return target.stat().st_size


def _ranges(font: TTFont) -> str:
    """The face's letters as `unicode-range`, so that a browser fetches it only for a page that shows one of them."""
    codes = sorted(font.getBestCmap())
    starts = [code for code in codes if code - 1 not in codes]
    ends = [code for code in codes if code + 1 not in codes]
    return ",".join(f"U+{a:X}" if a == b else f"U+{a:X}-{b:X}" for a, b in zip(starts, ends, strict=True))


@click.command()
@click.option(
    "--into", type=click.Path(path_type=Path), help="Write everything into this folder instead of the program's."
)
def main(into: Path | None) -> None:
    """Writes all faces and prints their sizes and the @font-face rules of the web."""
    web, paper = (into / "web", into / "print") if into else (WEB, PRINT)
    for folder in (web, paper):
        folder.mkdir(parents=True, exist_ok=True)
    for face in FACES:
        size = save(make_for_paper(face), paper / f"{face.stem}.ttf", None)
        click.echo(f"/* {face.stem}.ttf {size / 1024:.1f} KB */")
        if face.on_screen:
            font = make(face, face.usual)
            size = save(font, web / f"{face.stem}.woff2", "woff2")
            click.echo(f"/* {face.stem}.woff2 {size / 1024:.1f} KB */")
            click.echo(
                f'@font-face {{ font-family: "{face.family}"; font-weight: {face.weight}; font-display: swap; '
                f'src: url("fonts/{face.stem}.woff2") format("woff2"); unicode-range: {_ranges(font)} }}'
            )


if __name__ == "__main__":
    main()
