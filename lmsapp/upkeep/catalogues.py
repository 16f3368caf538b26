"""The interface's catalogues: refreshed from the sources, compiled, and checked message by message.

    python -m lmsapp.upkeep.catalogues compile | refresh | check | current

`current` is what every change must pass: all messages stand in all catalogues, and what is translated is translated whole;
`check` asks for every message in every language.

Messages are in the order of the English source, without line numbers, so that a change is a small difference.
`pybabel compile` accepts a dropped placeholder; `check` does not.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages import Catalog
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
# Public code, and the plural rule of CLDR as gettext writes it; Babel's own header has one form for tr, ka and fa_AF.
PLURALS = {
    "az": "nplurals=2; plural=(n != 1);",
    "fa_AF": "nplurals=2; plural=(n > 1);",
    "ps_AF": "nplurals=2; plural=(n != 1);",
    "tr": "nplurals=2; plural=(n != 1);",
    "ka": "nplurals=2; plural=(n != 1);",
}
REVIEW = "awaiting native review"
KEYWORDS = {
    "_": None,
    "gettext": None,
    "N_": None,
    "later": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
}
METHODS = [("**.py", "python"), ("**.html", "jinja2.ext.babel_extract"), ("**.txt", "jinja2.ext.babel_extract")]
OPTIONS = {kind: {"encoding": "utf-8", "trimmed": "true", "silent": "false"} for kind in ("**.html", "**.txt")}
_PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")
_TAG = re.compile(r"</?\w+[^>]*>")


class BrokenCatalogue(ValueError):
    """A catalogue that can't be read; the message says where and what to do."""


def po_of(locale: str, folder: Path) -> Path:
    """The catalogue's file."""
    return folder / locale / "LC_MESSAGES" / "messages.po"


def compile_catalogues(folder: Path) -> int:
    """Writes messages.mo beside every messages.po below `folder` that is newer; returns how many were written."""
    written = 0
    for source in sorted(folder.glob("*/LC_MESSAGES/messages.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        catalogue = _read(source, source.parts[-3])
        part = target.with_suffix(".part")
        with part.open("wb") as compiled:
            write_mo(compiled, catalogue)
        part.replace(target)
        written += 1
    return written


def extracted() -> Catalog:
    """All messages of the sources, in the order of their text."""
    found: dict[str | tuple[str, ...], set[str]] = {}
    for folder in ("lmsapp", "templates"):
        for filename, _line, message, _comments, _context in extract_from_dir(
            str(ROOT / folder), METHODS, OPTIONS, keywords=KEYWORDS
        ):
            found.setdefault(message, set()).add(f"{folder}/{filename}")
    catalogue = Catalog(project="lmsapp", charset="utf-8")
    for message in sorted(found, key=str):
        catalogue.add(message, locations=[(place, None) for place in sorted(found[message])])  # type: ignore[misc]
    return catalogue


def refresh(folder: Path) -> None:
    """Brings every catalogue up to date: new messages come in empty, gone ones are dropped, nothing is guessed."""
    source = extracted()
    for locale, plural in PLURALS.items():
        path = po_of(locale, folder)
        old = _read(path, locale) if path.exists() else Catalog(locale=locale)
        new = Catalog(locale=locale, project="lmsapp", charset="utf-8")
        new.mime_headers = [("Plural-Forms", plural)]  # else Babel writes one form for tr, ka and fa_AF
        for message in source:
            if message.id:
                kept = old.get(message.id)
                new.add(message.id, kept.string if kept is not None else None, locations=message.locations)
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, new, locale, plural)


def _read(path: Path, locale: str) -> Catalog:
    try:
        with path.open("rb") as text:
            return read_po(text, locale=locale, abort_invalid=True)
    except (PoFileError, UnicodeDecodeError) as problem:
        line = getattr(problem, "lineno", 0) + 1
        said = f"{path}:{line}: this catalogue can't be read ({problem}). Mend that line and try again."
        raise BrokenCatalogue(said) from problem


def _write(path: Path, catalogue: Catalog, locale: str, plural: str) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as out:
        write_po(out, catalogue, width=0, no_location=False, omit_header=True, include_lineno=False)
    header = (
        f'msgid ""\nmsgstr ""\n"Language: {locale}\\n"\n"Plural-Forms: {plural}\\n"\n'
        f'"X-Review: {REVIEW}\\n"\n"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n\n'
    )
    path.write_text(header + part.read_text(encoding="utf-8"), encoding="utf-8")
    part.unlink()


def problems(folder: Path, source: Catalog | None = None) -> Iterator[str]:
    """Everything wrong in the catalogues, a line each: `locale: what: message`."""
    wanted = source or extracted()
    for locale in PLURALS:
        path = po_of(locale, folder)
        if not path.exists():
            yield f"{locale}: there is no catalogue {path}"
            continue
        catalogue = _read(path, locale)
        for message in wanted:
            if message.id:
                yield from (
                    f"{locale}: {what}: {_short(message)}" for what in faults(message, catalogue.get(message.id))
                )
        for message in catalogue:
            if message.id and wanted.get(message.id) is None:
                yield f"{locale}: not in the sources any more: {_short(message)}"


def faults(source: Message, translated: Message | None) -> Iterator[str]:
    """What is wrong with one translation."""
    if translated is None:
        yield "missing"
        return
    ids = [source.id] if isinstance(source.id, str) else list(source.id)
    strings = [translated.string] if isinstance(translated.string, str) else list(translated.string or ())
    if len(ids) > 1 and len(strings) < 2:
        yield "a plural form is missing"
        return
    if not all(strings):
        yield "missing"
        return
    if translated.fuzzy:
        yield "fuzzy"
    for string in strings:
        if not any(_marks(string) == _marks(i) for i in ids) and not (
            len(ids) > 1 and any(_marks(string) == _marks(i) - {"%(num)s"} for i in ids)
        ):
            yield f"other placeholders or tags than the source ({string[:60]})"


def _marks(text: str) -> set[str]:
    return set(_PLACEHOLDER.findall(text)) | set(_TAG.findall(text))


def _short(message: Message) -> str:
    text = message.id if isinstance(message.id, str) else message.id[0]
    return text if len(text) < 70 else text[:67] + "..."


def main(word: str) -> int:
    """Runs one of the words; `check` and `current` say how many problems there are."""
    folder = ROOT / "translations"
    try:
        if word == "compile":
            compile_catalogues(folder)
            return 0
        if word == "refresh":
            refresh(folder)
            return 0
        found = list(problems(folder))
    except BrokenCatalogue as problem:
        print(problem, file=sys.stderr)
        return 1
    if word == "current":
        found = [line for line in found if ": missing: " not in line]
    for line in found[:200]:
        print(line)
    print(f"catalogues: {len(list(extracted())) - 1} messages in {len(PLURALS)} languages, {len(found)} problems")
    return min(len(found), 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "check"))
