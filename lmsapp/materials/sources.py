"""Material files: reading them, and saying file and line of what is wrong. Writes nothing."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmsapp.catalogue.sources import Sources, digest_of
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.markdown import Page
from lmsapp.materials.kinds import AUDIENCES, FORMATS, KINDS, PANELS, REGISTERS

BOOK = frozenset({"figure", "warning", "story", "say", "task", "further", "home"})
SHEET = frozenset({"panel", "figure"})
NEEDED = (
    "code",
    "slug",
    "kind",
    "source",
    "register",
    "licence",
    "audience",
    "format",
    "chapters",
    "title",
    "description",
)
NAME = re.compile(r"\{([a-z]+(?:\.[a-z]+)?)\}")
CODE = re.compile(r"MAT-\d{4}")
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+){0,8}")


@dataclass(frozen=True)
class PartFile:
    """A chapter, or the sheet of a leaflet, in its source language and its translations."""

    slug: str
    source: Page
    translations: dict[str, Page]
    digest: str


@dataclass(frozen=True)
class MaterialFiles:
    """A material as its files say it."""

    code: str
    facts: dict[str, Any]
    translations: dict[str, dict[str, Any]]
    parts: list[PartFile]
    digest: str
    stale: frozenset[str]

    @property
    def source_digest(self) -> str:
        """Tells one source state from another: over its own file and those of its parts."""
        return hashlib.sha256("".join([self.digest, *(part.digest for part in self.parts)]).encode()).hexdigest()

    @property
    def names(self) -> dict[str, dict[str, str]]:
        """The names of girls, boys and elders by language: `{girl.gen}` is replaced by what stands here."""
        own = {self.facts["source"]: self.facts.get("names") or {}}
        return own | {code: said.get("names") or {} for code, said in self.translations.items()}


def read(files: Sources) -> list[MaterialFiles]:
    """All materials that can be read, by their codes; notes what is wrong."""
    known = set((files.yaml(files.root / "messages.yaml") or {}).get("messages") or {})
    found = [_material(files, path, known) for path in sorted((files.root / "materials").glob("*/material.yaml"))]
    return sorted((one for one in found if one is not None), key=lambda one: one.code)


def _material(files: Sources, path: Path, known: set[str]) -> MaterialFiles | None:
    facts = files.yaml(path)
    if facts is None:
        return None
    missing = [name for name in NEEDED if not facts.get(name)]
    if missing:
        files.fault(path, 1, f"lacks {', '.join(missing)}")
        return None
    if not _sound(files, path, facts, known):
        return None
    translated = {
        code: said for code, beside in files.translations(path, facts["source"]) if (said := files.yaml(beside))
    }
    for code, said in translated.items():
        _check_translation(files, path.with_name(f"material.{code}.yaml"), facts, said)
    digest = digest_of(path)
    stale = frozenset(code for code, said in translated.items() if said.get("based_on") != digest)
    parts = [part for slug in facts["chapters"] if (part := _part(files, path.parent / f"{slug}.md", facts, known))]
    made = MaterialFiles(facts["code"], facts, translated, parts, digest, stale)
    _check_names(files, path, made)
    return made


def _sound(files: Sources, path: Path, facts: Mapping[str, Any], known: set[str]) -> bool:
    """Whether codes and choices are such as there are; notes each that is not."""
    before = len(files.problems)
    choices = {"kind": KINDS, "register": REGISTERS, "format": FORMATS, "source": LANGUAGES}
    for name, allowed in choices.items():
        if facts[name] not in allowed:
            files.fault(path, 1, f"{name} is “{facts[name]}”; one of {', '.join(allowed)} is wanted")
    for one in facts["audience"]:
        if one not in AUDIENCES:
            files.fault(path, 1, f"audience has “{one}”; known are {', '.join(AUDIENCES)}")
    for one in facts.get("messages") or []:
        if one not in known:
            files.fault(path, 1, f"there is no message {one}")
    if not CODE.fullmatch(str(facts["code"])) or not SLUG.fullmatch(str(facts["slug"])):
        files.fault(path, 1, "a code is like MAT-0007, a slug has small letters, digits and hyphens")
    return len(files.problems) == before


def _check_translation(files: Sources, path: Path, facts: Mapping[str, Any], said: Mapping[str, Any]) -> None:
    for name in ("title", "description", "subtitle"):
        if facts.get(name) and not said.get(name):
            files.fault(path, 1, f"lacks {name}")
    if len(said.get("words") or []) != len(facts.get("words") or []):
        files.fault(
            path, 1, f"has {len(said.get('words') or [])} words where the source has {len(facts.get('words') or [])}"
        )


def _part(files: Sources, path: Path, facts: Mapping[str, Any], known: set[str]) -> PartFile | None:
    if not path.exists():
        files.fault(path, 1, "is missing though its material names it")
        return None
    book = facts["format"] == "a5"
    found = files.pages(path, facts["source"], BOOK if book else SHEET)
    if found is None:
        return None
    source, translations = found
    if book and not source.header.get("title"):
        files.fault(path, 1, "the header lacks title")
    drawn = [source.header.get("picture"), *(node["name"] for node in source.outline if node["k"] == "figure")]
    for name in filter(None, drawn):
        if not (files.root / "figures" / f"{name}.svg").exists():
            files.fault(path, 1, f"there is no drawing figures/{name}.svg")
    for code in sorted(set(cited(source.outline)) - known):
        files.fault(path, 1, f"there is no message {code}")
    if not book:
        _check_panels(files, path, source)
    for code, page in translations.items():
        if len(outcomes(page)) != len(outcomes(source)):
            files.fault(path.with_name(f"{path.stem}.{code}.md"), 1, "has another number of outcomes than the source")
    return PartFile(path.stem, source, translations, digest_of(path))


def _check_panels(files: Sources, path: Path, source: Page) -> None:
    panels = [node.get("name") for node in source.outline if node["k"] == "panel"]
    if sorted(map(str, panels)) != sorted(PANELS):
        files.fault(path, 1, f"a leaflet has the panels {', '.join(PANELS)}, each once")
    elif source.outline[0]["k"] != "panel":
        files.fault(path, 1, "what stands before the first panel belongs to none")


def _check_names(files: Sources, path: Path, made: MaterialFiles) -> None:
    """Every `{girl}` of a text has its form in that language."""
    for part in made.parts:
        for code, page in {made.facts["source"]: part.source, **part.translations}.items():
            given = made.names.get(code, {})
            for block in page.blocks:
                for name in set(NAME.findall(block.text)) - set(given):
                    suffix = "" if code == made.facts["source"] else f".{code}"
                    files.fault(path.with_name(f"{part.slug}{suffix}.md"), block.line, f"names has no form {{{name}}}")


def outcomes(page: Page) -> list[str]:
    """What a reader can do after the chapter."""
    return [str(one) for one in page.header.get("outcomes") or []]


def cited(outline: Any) -> Iterator[str]:
    """The codes of the messages cited anywhere in a structure, in order."""
    if isinstance(outline, list):
        for node in outline:
            yield from cited(node)
    elif isinstance(outline, dict):
        if "m" in outline:
            yield outline["m"]
        for value in outline.values():
            yield from cited(value)
