"""Course files: reading them, and saying file and line of what is wrong. Writes nothing."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lmsapp.core import yaml
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.markdown import Page, parse
from lmsapp.core.yaml import Fault

LESSON_CONTAINERS = frozenset({"figure", "warning", "case", "task", "check", "note"})
GROUPS = ("foundations", "survey-and-clearance", "eod", "leadership", "people-at-risk")
KINDS = ("attendance-and-achievement", "achievement", "qualification", "qualification-with-named-dog")
NEEDED = (
    "code",
    "source",
    "group",
    "title",
    "audience",
    "duration_days",
    "teaching_hours",
    "assessment",
    "certificate",
    "modules",
)


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in one file, as editors and people read it: `file:line: message`."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass
class LessonFile:
    """A lesson in its source language and its translations."""

    slug: str
    source: Page
    translations: dict[str, Page]
    digest: str


@dataclass
class CourseFile:
    """A course as its files say it."""

    code: str
    source: str
    facts: dict[str, Any]
    translations: dict[str, dict[str, Any]]
    lessons: dict[str, list[LessonFile]]
    digest: str
    stale: set[str] = field(default_factory=set)


class Sources:
    """Reads a content folder, collecting problems instead of stopping at the first."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems: list[Problem] = []

    def courses(self) -> list[CourseFile]:
        """All courses that can be read, in the order of their codes."""
        found = [self._course(folder) for folder in sorted((self.root / "courses").glob("*/"))]
        return [course for course in found if course is not None]

    def yaml(self, path: Path) -> dict[str, Any] | None:
        """A YAML file with names and values; None, with a problem noted, when it is none."""
        try:
            content = yaml.read(path.read_text(encoding="utf-8"))
        except Fault as fault:
            self.fault(path, fault.line, fault.message)
            return None
        except (OSError, UnicodeDecodeError) as problem:
            self.fault(path, 1, f"can't be read as UTF-8 text: {problem}")
            return None
        if not isinstance(content, dict):
            self.fault(path, 1, "must hold names with values")
            return None
        return content

    def page(self, path: Path, containers: frozenset[str]) -> Page | None:
        """A Markdown file; None, with a problem noted, when something in it can't stay so."""
        try:
            return parse(path.read_text(encoding="utf-8"), containers)
        except Fault as fault:
            self.fault(path, fault.line, fault.message)
        except (OSError, UnicodeDecodeError) as problem:
            self.fault(path, 1, f"can't be read as UTF-8 text: {problem}")
        return None

    def fault(self, path: Path, line: int, message: str) -> None:
        """Notes a problem."""
        self.problems.append(Problem(str(path.relative_to(self.root)), line, message))

    def translations(self, path: Path, source_language: str) -> Iterator[tuple[str, Path]]:
        """The translation files beside a source file."""
        for code in LANGUAGES:
            beside = path.with_name(f"{path.stem}.{code}{path.suffix}")
            if code != source_language and beside.exists():
                yield code, beside

    def same_shape(self, path: Path, source: Page, translated: Page) -> bool:
        """Whether a translation has the same blocks and structure as its source; notes the first difference."""
        if len(source.blocks) != len(translated.blocks):
            self.fault(path, 1, f"has {len(translated.blocks)} texts where the source has {len(source.blocks)}")
            return False
        for ours, theirs in zip(source.blocks, translated.blocks, strict=True):
            if ours.kind != theirs.kind:
                self.fault(
                    path, theirs.line, f"is a {theirs.kind} where the source (line {ours.line}) has a {ours.kind}"
                )
                return False
        if source.outline != translated.outline:
            self.fault(path, 1, "has other containers, figures, answers or message codes than the source")
            return False
        return True

    def pages(
        self, path: Path, source_language: str, containers: frozenset[str]
    ) -> tuple[Page, dict[str, Page]] | None:
        """A source file with its translations that fit it."""
        source = self.page(path, containers)
        if source is None:
            return None
        fitting = {}
        for code, beside in self.translations(path, source_language):
            translated = self.page(beside, containers)
            if translated is not None and self.same_shape(beside, source, translated):
                fitting[code] = translated
        return source, fitting

    def _course(self, folder: Path) -> CourseFile | None:
        path = folder / "course.yaml"
        facts = self.yaml(path) if path.exists() else None
        if facts is None:
            if not path.exists():
                self.fault(path, 1, "is missing")
            return None
        missing = [name for name in NEEDED if name not in facts]
        if missing:
            self.fault(path, 1, f"lacks {', '.join(missing)}")
            return None
        self._check_course(path, facts)
        translated = {
            code: content for code, beside in self.translations(path, facts["source"]) if (content := self.yaml(beside))
        }
        slugs = {module["slug"] for module in facts["modules"]}
        for code, content in translated.items():
            if set(content.get("modules", {})) - slugs:
                self.fault(path.with_name(f"course.{code}.yaml"), 1, "translates a module the course does not have")
        digest = digest_of(path)
        stale = {code for code, content in translated.items() if content.get("based_on") != digest}
        lessons = {
            m["slug"]: self._lessons(folder / m["slug"], m.get("lessons", []), facts["source"])
            for m in facts["modules"]
        }
        return CourseFile(facts["code"], facts["source"], facts, translated, lessons, digest, stale)

    def _check_course(self, path: Path, facts: dict[str, Any]) -> None:
        if facts["group"] not in GROUPS:
            self.fault(path, 1, f"group is “{facts['group']}”; one of {', '.join(GROUPS)} is wanted")
        if facts["certificate"].get("kind") not in KINDS:
            self.fault(
                path,
                1,
                f"certificate kind is “{facts['certificate'].get('kind')}”; one of {', '.join(KINDS)} is wanted",
            )
        hours = sum(m["theory_hours"] + m["practical_hours"] for m in facts["modules"])
        if hours != facts["teaching_hours"]:
            self.fault(path, 1, f"modules add up to {hours} hours, teaching_hours says {facts['teaching_hours']}")
        if facts["source"] not in LANGUAGES:
            self.fault(path, 1, f"source is “{facts['source']}”; one of {', '.join(LANGUAGES)} is wanted")

    def _lessons(self, folder: Path, slugs: list[str], source_language: str) -> list[LessonFile]:
        found = []
        for slug in slugs:
            path = folder / f"{slug}.md"
            if not path.exists():
                self.fault(path, 1, "is missing though its course names it")
                continue
            read = self.pages(path, source_language, LESSON_CONTAINERS)
            if read is None:
                continue
            source, translations = read
            for name in ("title", "outcome", "minutes"):
                if name not in source.header:
                    self.fault(path, 1, f"the header lacks {name}")
            for node in source.outline:
                if node["k"] == "figure" and not (self.root / "figures" / f"{node['name']}.svg").exists():
                    self.fault(path, 1, f"there is no drawing figures/{node['name']}.svg")
            found.append(LessonFile(slug, source, translations, digest_of(path)))
        return found


def digest_of(path: Path) -> str:
    """What `based_on` holds: the first 16 hex digits of the SHA-256 of a source file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
