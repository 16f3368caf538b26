"""The engagements file: reading it, and saying what is wrong in it. Writes nothing.

`null` in the file means that the source does not state it, and stays so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmsapp.catalogue.sources import Sources, digest_of
from lmsapp.core.dates import PartialDate
from lmsapp.core.locales import LANGUAGES
from lmsapp.engagements.kinds import ENGAGEMENTS, INSTRUMENTS, NUMBERS, STATES

SOURCE = "en"


@dataclass(frozen=True)
class EngagementFile:
    """The file as it stands, its words by key, and its translations' words by language and key."""

    facts: dict[str, Any]
    words: dict[str, str]
    translations: dict[str, dict[str, str]]
    stale: frozenset[str]
    digest: str


def read(files: Sources) -> EngagementFile | None:
    """The file, or None where there is none or it can't be used; notes what is wrong."""
    path = files.root / "engagements.yaml"
    facts = files.yaml(path) if path.exists() else None
    if facts is None:
        return None
    before = len(files.problems)
    try:
        _check(files, path, facts)
        words = _words(facts)
    except (KeyError, TypeError, AttributeError) as problem:
        files.fault(path, 1, f"lacks or misplaces {problem}")
    if len(files.problems) > before:
        return None
    digest = digest_of(path)
    translations, stale = {}, set()
    for code, beside in files.translations(path, SOURCE):
        said = files.yaml(beside)
        if said is None:
            continue
        translations[code] = _translated(files, beside, said, words)
        if said.get("based_on") != digest:
            stale.add(code)
    return EngagementFile(facts, words, translations, frozenset(stale), digest)


def partial(value: Any) -> PartialDate | None:
    """A date as the file gives it: nothing, a text, or `{value: …}`."""
    plain = value.get("value") if isinstance(value, Mapping) else value
    return None if plain is None else PartialDate.parse(str(plain))


def _check(files: Sources, path: Path, facts: Mapping[str, Any]) -> None:
    countries = {one["country"] for one in facts["partners"]}
    for one in facts["instruments"]:
        name = f"the instrument with {one['country']}"
        _check_kind(files, path, name, one, countries, INSTRUMENTS)
        if one["status"] not in STATES:
            files.fault(path, 1, f"{name}: the status is “{one['status']}”; known are {', '.join(STATES)}")
    codes = [one["id"] for one in facts["engagements"]]
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        files.fault(path, 1, f"has the engagement {code} twice")
    for one in facts["engagements"]:
        _check_kind(files, path, one["id"], one, countries, ENGAGEMENTS)
        _check_engagement(files, path, one)
    for key in ("start", "end_estimated"):
        _date(files, path, key, facts["project"].get(key))
    for one in facts["project"]["delivery_by_fiscal_year"]:
        if not isinstance(one["fiscal_year"], int) or not isinstance(one["amount"], (int, float)):
            files.fault(path, 1, "a delivery needs a fiscal year and an amount")


def _check_kind(
    files: Sources, path: Path, name: str, one: Mapping[str, Any], countries: set[str], known: Mapping[str, str]
) -> None:
    if one["country"] not in countries:
        files.fault(path, 1, f"{name}: {one['country']} is no partner")
    if one["type"] not in known:
        files.fault(path, 1, f"{name}: the type is “{one['type']}”; known are {', '.join(known)}")
    for key in ("start", "end", "signed_on"):
        _date(files, path, f"{name}: {key}", one.get(key))


def _check_engagement(files: Sources, path: Path, one: Mapping[str, Any]) -> None:
    for key in NUMBERS:
        if one.get(key) is not None and (not isinstance(one[key], int) or one[key] < 0):
            files.fault(path, 1, f"{one['id']}: {key} is no number")
    for code in [one.get("source_language"), *(one.get("target_languages") or [])]:
        if code is not None and code not in LANGUAGES:
            files.fault(path, 1, f"{one['id']}: {code} is no language of ours")


def _date(files: Sources, path: Path, name: str, value: Any) -> None:
    try:
        partial(value)
    except ValueError as problem:
        files.fault(path, 1, f"{name}: {problem}")


def _words(facts: Mapping[str, Any]) -> dict[str, str]:
    project = facts["project"]
    words = {
        "source.kind": facts["source"]["kind"],
        "source.title": facts["source"]["title"],
        "project.title": project["title"],
        "start.label": project["start"]["label"],
        "end_estimated.label": project["end_estimated"]["label"],
        "method_named": project["method_named"],
        "contamination.basis": project["contamination"]["basis"],
        "agency.called": facts["agency"]["called_in_source"],
    }
    words |= {f"goal.{n}": text for n, text in enumerate(project["goals"], start=1)}
    for one in project["accomplishments"]:
        words[f"{one['key']}.name"] = one["key"].replace("_", " ").capitalize()
        words |= {f"{one['key']}.{name}": one[name] for name in ("unit", "note") if one.get(name) and one[name] != "m2"}
    words |= {f"country.{one['country']}": one["country_name"] for one in facts["partners"]}
    return words | {f"engagement.{one['id']}": one["title"] for one in facts["engagements"]}


def _translated(files: Sources, path: Path, said: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, str]:
    """The translation's words by the source's keys; notes what is missing. The page's own title stays as published."""
    project = said.get("project") or {}
    found = {
        "source.kind": (said.get("source") or {}).get("kind"),
        "project.title": project.get("title"),
        "start.label": (project.get("start") or {}).get("label"),
        "end_estimated.label": (project.get("end_estimated") or {}).get("label"),
        "method_named": project.get("method_named"),
        "contamination.basis": (project.get("contamination") or {}).get("basis"),
        "agency.called": (said.get("agency") or {}).get("called_in_source"),
    }
    found |= {f"goal.{n}": text for n, text in enumerate(project.get("goals") or [], start=1)}
    for key, one in (project.get("accomplishments") or {}).items():
        found |= {f"{key}.{name}": text for name, text in one.items()}
    found |= {f"country.{code}": name for code, name in (said.get("countries") or {}).items()}
    found |= {f"engagement.{code}": title for code, title in (said.get("engagements") or {}).items()}
    for key in words:
        if not found.get(key) and key != "source.title":
            files.fault(path, 1, f"lacks {key}")
    for key in set(found) - set(words):
        files.fault(path, 1, f"has {key}, which the source has not")
    return {key: text for key, text in found.items() if text and key in words}
