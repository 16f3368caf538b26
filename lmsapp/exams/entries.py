"""A question as files, forms and importers write it: an *entry*, words and rule in one. Pure.

    key, topic, lesson, kind, difficulty, critical, safety, competence, points, stem, feedback, figure, picture, alt
    single, multiple   options: [{text, right}], whole: true for all or nothing
    true-false         answer: true or false
    matching           pairs: [{prompt, choice}], choices: [more choices that match nothing]
    ordering           items: [first, second …]
    numeric            answer, tolerance, unit
    short-text         accepted: [answers]
    hotspot            figure or picture, columns, rows, hazards: [[squares of one place] …]
    cloze              stem with [[1]]; gaps: {"1": {options: …} or {answer, tolerance} or {accepted: …}}
    written            rubric: [{text, points}]

A text in a list may be `{text, key}`: its key keeps it with its translations wherever it moves. A translation has the same
lists with texts alone. `structure` and `units` take an entry apart into what `questions` marks and what travels between
languages; `entry` puts both together again.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from lmsapp.exams import questions
from lmsapp.exams.questions import GAP, Kind

Entry = Mapping[str, Any]
LETTERS = "abcdefghijklmnopqrstuvwx"
PLAIN = ("stem", "feedback", "unit", "alt")
HEAD = ("key", "topic", "kind", "difficulty", "critical", "safety", "competence", "points", "figure", "picture")
# The list of an entry, and the name its texts have as units.
LISTS = {"options": "option", "items": "option", "rubric": "rubric"}


def _text(thing: Any) -> str:
    return str(thing.get("text", "") if isinstance(thing, Mapping) else thing)


def _keyed(things: Sequence[Any]) -> list[tuple[str, Any]]:
    """Each thing with its key: its own, or the next letter that is free."""
    own = [str(thing["key"]) if isinstance(thing, Mapping) and thing.get("key") else "" for thing in things]
    free = iter(letter for letter in LETTERS if letter not in own)
    return [(key or next(free), thing) for key, thing in zip(own, things, strict=True)]


def _matching(entry: Entry) -> tuple[list[tuple[str, str]], list[tuple[str, str]], dict[str, str]]:
    """Prompts and choices by key, and which belongs to which; prompts that say the same choice share it."""
    prompts = [(key, str(pair["prompt"])) for key, pair in _keyed(entry["pairs"])]
    texts = list(
        dict.fromkeys([str(pair["choice"]) for pair in entry["pairs"]] + [_text(c) for c in entry.get("choices", ())])
    )
    choices = list(zip(LETTERS, texts, strict=False))
    by_text = {text: key for key, text in choices}
    pairs = {key: by_text[str(pair["choice"])] for (key, _), pair in zip(prompts, entry["pairs"], strict=True)}
    return prompts, choices, pairs


# ---------- taking apart ----------


def structure(entry: Entry) -> dict[str, Any]:
    """What makes answers right (see `questions`). Raises KeyError, TypeError or ValueError for an entry that is not whole."""
    kind = Kind(entry["kind"])
    found = _structure(kind, entry)
    found |= {name: entry[name] for name in ("figure", "picture", "lesson") if entry.get(name)}
    if entry.get("points", 1) != 1 and kind is not Kind.WRITTEN:
        found["points"] = entry["points"]
    return found


def _structure(kind: Kind, entry: Entry) -> dict[str, Any]:
    if kind in (Kind.SINGLE, Kind.MULTIPLE):
        whole = {"whole": True} if kind is Kind.MULTIPLE and entry.get("whole") else {}
        return _choice(entry["options"]) | whole
    if kind is Kind.TRUE_FALSE:
        return {"options": ["true", "false"], "right": ["true" if entry["answer"] is True else "false"]}
    if kind is Kind.MATCHING:
        prompts, choices, pairs = _matching(entry)
        return {"prompts": [key for key, _ in prompts], "choices": [key for key, _ in choices], "pairs": pairs}
    if kind is Kind.ORDERING:
        return {"options": [key for key, _ in _keyed(entry["items"])]}
    if kind is Kind.NUMERIC:
        return _number(entry)
    if kind is Kind.HOTSPOT:
        return {
            "columns": entry["columns"],
            "rows": entry["rows"],
            "hazards": [[str(square) for square in hazard] for hazard in entry["hazards"]],
        }
    if kind is Kind.CLOZE:
        return {"gaps": {str(name): _gap(gap) for name, gap in entry["gaps"].items()}}
    if kind is Kind.WRITTEN:
        return {"rubric": {key: criterion["points"] for key, criterion in _keyed(entry["rubric"])}}
    return {}


def _choice(options: Sequence[Any]) -> dict[str, Any]:
    keyed = _keyed(options)
    right = [key for key, option in keyed if isinstance(option, Mapping) and option.get("right")]
    return {"options": [key for key, _ in keyed], "right": right}


def _number(entry: Entry) -> dict[str, Any]:
    return {"answer": str(entry["answer"]), "tolerance": str(entry.get("tolerance", "0"))}


def _gap(gap: Entry) -> dict[str, Any]:
    return _choice(gap["options"]) if "options" in gap else _number(gap) if "answer" in gap else {}


def units(entry: Entry) -> dict[str, str]:
    """The texts of an entry by unit key, in their order."""
    return dict(_units(entry))


def _units(entry: Entry) -> Iterator[tuple[str, str]]:
    yield from ((name, str(entry[name])) for name in PLAIN if entry.get(name))
    for name, unit in LISTS.items():
        yield from ((f"{unit}.{key}", _text(thing)) for key, thing in _keyed(entry.get(name) or ()))
    if entry["kind"] == Kind.MATCHING:
        prompts, choices, _pairs = _matching(entry)
        yield from ((f"prompt.{key}", text) for key, text in prompts)
        yield from ((f"choice.{key}", text) for key, text in choices)
    if entry.get("accepted"):
        yield "accepted", _lines(entry["accepted"])
    for name, gap in (entry.get("gaps") or {}).items():
        yield from ((f"gap.{name}.{key}", _text(option)) for key, option in _keyed(gap.get("options") or ()))
        if gap.get("accepted"):
            yield f"accepted.{name}", _lines(gap["accepted"])


def _lines(texts: Iterable[Any]) -> str:
    return "\n".join(str(text).strip() for text in texts)


def translated(entry: Entry, own: Entry) -> dict[str, str]:
    """A translation's texts by the unit keys of its source; what it lacks is absent."""
    lists: dict[str, Iterator[str]] = {}
    for name, unit in LISTS.items():
        if own.get(name):
            lists[unit] = (_text(thing) for thing in own[name])
    if entry["kind"] == Kind.MATCHING:
        lists["prompt"] = (_text(thing) for thing in own.get("prompts") or ())
        lists["choice"] = (_text(thing) for thing in own.get("choices") or ())
    for name, gap in (own.get("gaps") or {}).items():
        lists[f"gap.{name}"] = (_text(thing) for thing in gap.get("options") or ())
    found = {}
    for key in units(entry):
        group, _, _last = key.rpartition(".")
        if key in PLAIN:
            text = str(own.get(key) or "")
        elif key == "accepted":
            text = _lines(own.get("accepted") or ())
        elif group == "accepted":
            text = _lines((own.get("gaps") or {}).get(_last, {}).get("accepted") or ())
        else:
            text = next(lists.get(group, iter(())), "")
        if text:
            found[key] = text
    return found


# ---------- is it whole? ----------


def fault(entry: Entry, topics: Collection[str] | None = None) -> str | None:
    """What is wrong with an entry, in English for authors and importers; None when it is whole."""
    if entry.get("kind") not in list(Kind):
        return f"the kind is “{entry.get('kind')}”; one of {', '.join(Kind)} is wanted"
    if topics is not None and str(entry.get("topic")) not in topics:
        return f"the topic “{entry.get('topic')}” is none of the bank's"
    if not str(entry.get("stem") or "").strip():
        return "the question itself is empty"
    if entry.get("difficulty", 1) not in (1, 2, 3):
        return "the difficulty must be 1, 2 or 3"
    try:
        made, texts = structure(entry), units(entry)
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration, RuntimeError) as problem:
        return f"something is missing or of the wrong shape: {problem}"
    empty = next((key for key, text in texts.items() if not text.strip()), None)
    return questions.fault(entry["kind"], made) or (f"{empty} is empty" if empty else None) or _fault_of_words(entry)


def _fault_of_words(entry: Entry) -> str | None:
    kind = entry["kind"]
    if kind == Kind.SHORT_TEXT and not entry.get("accepted"):
        return "at least one accepted answer is needed"
    if kind == Kind.CLOZE:
        places = GAP.findall(str(entry["stem"]))
        if sorted(places) != sorted(map(str, entry["gaps"])):
            return "every gap must stand once in the text as [[1]], [[2]] …"
        if any(not (set(gap) & {"options", "answer", "accepted"}) for gap in entry["gaps"].values()):
            return "every gap needs options, a number or accepted answers"
    if (entry.get("figure") or entry.get("picture")) and not entry.get("alt"):
        return "a drawing needs words for those who can't see it"
    return None


# ---------- putting together ----------


def entry(head: Mapping[str, Any], made: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """The entry of a question: `head` holds key, topic, kind and the rest of HEAD; keys of texts are kept."""
    kind = Kind(head["kind"])
    found = {name: head[name] for name in HEAD if head.get(name) not in (None, False)}
    found |= {name: made[name] for name in ("figure", "picture", "lesson", "points") if name in made}
    found |= {name: texts[name] for name in PLAIN if texts.get(name)}
    if kind in (Kind.SINGLE, Kind.MULTIPLE):
        found["options"] = _options(made, texts, "option")
        found |= {"whole": True} if made.get("whole") else {}
    elif kind is Kind.TRUE_FALSE:
        found["answer"] = made["right"] == ["true"]
    elif kind is Kind.MATCHING:
        pairs = made["pairs"]
        found["pairs"] = [
            {"key": p, "prompt": texts[f"prompt.{p}"], "choice": texts[f"choice.{pairs[p]}"]} for p in made["prompts"]
        ]
        spare = [texts[f"choice.{c}"] for c in made["choices"] if c not in pairs.values()]
        found |= {"choices": spare} if spare else {}
    elif kind is Kind.ORDERING:
        found["items"] = [{"key": key, "text": texts[f"option.{key}"]} for key in made["options"]]
    elif kind is Kind.NUMERIC:
        found |= {"answer": made["answer"], "tolerance": made.get("tolerance", "0")}
    elif kind is Kind.SHORT_TEXT:
        found["accepted"] = texts["accepted"].splitlines()
    elif kind is Kind.HOTSPOT:
        found |= {name: made[name] for name in ("columns", "rows", "hazards")}
    elif kind is Kind.CLOZE:
        found["gaps"] = {name: _gap_entry(name, gap, texts) for name, gap in made["gaps"].items()}
    else:
        found["rubric"] = [
            {"key": key, "text": texts[f"rubric.{key}"], "points": points} for key, points in made["rubric"].items()
        ]
    return found


def _options(made: Mapping[str, Any], texts: Mapping[str, str], unit: str) -> list[dict[str, Any]]:
    return [
        {"key": key, "text": texts[f"{unit}.{key}"]} | ({"right": True} if key in made["right"] else {})
        for key in made["options"]
    ]


def _gap_entry(name: str, gap: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    if "options" in gap:
        return {"options": _options(gap, texts, f"gap.{name}")}
    if "answer" in gap:
        return {"answer": gap["answer"], "tolerance": gap.get("tolerance", "0")}
    return {"accepted": texts[f"accepted.{name}"].splitlines()}
