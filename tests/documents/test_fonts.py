"""Every letter of the six languages is in the faces that ship, and Dari and Pashto digits have their own shapes."""

import io
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont, features

from lmsapp.upkeep import fonts

LATIN, GEORGIAN, NASKH = "lms-latin", "lms-georgian", "lms-naskh"
STACKS = {
    "en": [LATIN],
    "az": [LATIN],
    "tr": [LATIN],
    "ka": [GEORGIAN, LATIN],
    "prs": [NASKH, LATIN],
    "ps": [NASKH, LATIN],
}
ALPHABETS = {
    "en": "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "az": "aəbcçdefgğhxıijkqlmnoöprsştuüvyz AƏBCÇDEFGĞHXIİJKQLMNOÖPRSŞTUÜVYZ",
    "tr": "abcçdefgğhıijklmnoöprsştuüvyz ABCÇDEFGĞHIİJKLMNOÖPRSŞTUÜVYZ âîû ÂÎÛ",
    "ka": "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ ᲐᲑᲒᲓᲔᲕᲖᲗᲘᲙᲚᲛᲜᲝᲞᲟᲠᲡᲢᲣᲤᲥᲦᲧᲨᲩᲪᲫᲬᲭᲮᲯᲰ",
    "prs": "آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی ءأؤئۀةًٌٍَُِّْٰ \u200c\u200d",
    "ps": "آابپتټثجځچڅحخدډذرړزژږسشښصضطظعغفقکګلمنڼوهءيېیۍئ ىۀؤ \u200c\u200d",
}
PUNCTUATION = ".,;:!?()[]/-–—…•·'\"‘’“”«»№%§°"
SIGNS = "+−±×÷=<>≈≤≥←→↑↓€$£₼₺₾\u00a0\u202f"  # what the formatters write, and prices of the region
OF_SCRIPT = {"prs": "،؛؟٪٫٬؋ـ" + "۰۱۲۳۴۵۶۷۸۹" + "٠١٢٣٤٥٦٧٨٩", "ps": "،؛؟٪٫٬؋ـ" + "۰۱۲۳۴۵۶۷۸۹", "ka": "„“"}
NEIGHBOURS = "čćđšž ČĆĐŠŽ dž lj nj äöüß éèêë çñ łęą őű åøæ ăâîșț ʻʼ"


def letters(path: Path) -> set[int]:
    return set(TTFont(path).getBestCmap())


def path_of(face: fonts.Face, medium: str) -> Path:
    return fonts.WEB / f"{face.stem}.woff2" if medium == "web" else fonts.PRINT / f"{face.stem}.ttf"


@pytest.mark.parametrize("weight", [400, 700])
@pytest.mark.parametrize("medium", ["web", "print"])
@pytest.mark.parametrize("language", STACKS)
def test_each_language_is_covered_by_its_stack(language: str, medium: str, weight: int) -> None:
    folder, ending = (fonts.WEB, "woff2") if medium == "web" else (fonts.PRINT, "ttf")
    covered = set().union(*(letters(folder / f"{family}-{weight}.{ending}") for family in STACKS[language]))
    wanted = ALPHABETS[language] + "0123456789" + PUNCTUATION + SIGNS + OF_SCRIPT.get(language, "") + NEIGHBOURS
    assert [letter for letter in wanted if ord(letter) not in covered] == []


@pytest.mark.parametrize("weight", [400, 700])
def test_titles_and_names_can_be_set_in_the_serif(weight: int) -> None:
    latin = letters(fonts.PRINT / f"lms-serif-{weight}.ttf")
    wanted = ALPHABETS["az"] + ALPHABETS["tr"] + ALPHABETS["en"] + NEIGHBOURS + PUNCTUATION
    assert [letter for letter in wanted if ord(letter) not in latin] == []
    georgian = letters(fonts.PRINT / f"lms-serif-georgian-{weight}.ttf")
    assert [letter for letter in ALPHABETS["ka"] if ord(letter) not in georgian] == []


def test_invisible_characters_of_mixed_text_draw_nothing() -> None:
    font = TTFont(fonts.PRINT / "lms-naskh-400.ttf")
    for code in (0x200C, 0x200D, 0x200E, 0x200F):
        name = font.getBestCmap()[code]
        assert font["hmtx"][name][0] == 0


def drawn(path: Path, text: str, language: str, switches: list[str]) -> bytes:
    data = io.BytesIO()
    ttf = TTFont(path)
    ttf.flavor = None
    ttf.save(data)
    data.seek(0)
    picture = Image.new("L", (700, 140), 255)
    face = ImageFont.truetype(data, 80, layout_engine=ImageFont.Layout.RAQM)
    ImageDraw.Draw(picture).text(
        (20, 10), text, font=face, fill=0, direction="rtl", language=language, features=switches
    )
    return picture.tobytes()


@pytest.mark.skipif(not features.check("raqm"), reason="this Pillow cannot shape text")
@pytest.mark.parametrize("face", [face for face in fonts.FACES if "Naskh" in face.family], ids=lambda face: face.stem)
@pytest.mark.parametrize("medium", ["web", "print"])
@pytest.mark.parametrize("language", ["fa", "fa-AF", "ps", "ar"])
def test_persian_digits_keep_their_shapes(face: fonts.Face, medium: str, language: str) -> None:
    path = path_of(face, medium)
    assert drawn(path, "ب۰۱۲۳۴۵۶۷۸۹", language, []) == drawn(path, "ب۰۱۲۳۴۵۶۷۸۹", language, ["-locl"])
    assert drawn(path, "۴", language, []) != drawn(path, "٤", language, []), "U+06F4 looks like U+0664"


@pytest.mark.skipif(not features.check("raqm"), reason="this Pillow cannot shape text")
def test_round_guillemets_of_persian_stay() -> None:
    path = fonts.PRINT / "lms-naskh-400.ttf"
    assert drawn(path, "«ب»", "fa", []) != drawn(path, "«ب»", "fa", ["-locl"])


@pytest.mark.parametrize("face", fonts.FACES, ids=lambda face: face.stem)
def test_the_faces_bear_our_names_and_their_licence(face: fonts.Face) -> None:
    for medium in ("web", "print") if face.on_screen else ("print",):
        names = TTFont(path_of(face, medium))["name"]
        assert names.getDebugName(1) == face.family
        assert "Open Font License" in names.getDebugName(13)
        assert "OPEN FONT LICENSE" in (path_of(face, medium).parent / "OFL.txt").read_text()


@pytest.mark.parametrize("language", STACKS)
def test_a_page_loads_at_most_55_kilobytes_of_faces(language: str) -> None:
    size = sum((fonts.WEB / f"{family}-400.woff2").stat().st_size for family in STACKS[language])
    size += (fonts.WEB / f"{STACKS[language][0]}-700.woff2").stat().st_size
    assert size <= 55 * 1024


@pytest.mark.skipif(not fonts.DEBIAN.exists(), reason="Debian's fonts-noto-core is not installed")
@pytest.mark.parametrize("stem", ["lms-georgian-700", "lms-naskh-400"])
def test_making_a_face_again_gives_the_committed_bytes(stem: str, tmp_path: Path) -> None:
    face = next(face for face in fonts.FACES if face.stem == stem)
    fonts.save(fonts.make(face, face.usual), tmp_path / "again.woff2", "woff2")
    assert (tmp_path / "again.woff2").read_bytes() == (fonts.WEB / f"{stem}.woff2").read_bytes()
