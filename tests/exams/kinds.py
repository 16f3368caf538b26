"""One question of each kind, in the words of a language, for the tests of paper and screen."""

from lmsapp.exams.papers import Candidate

WORDS = {
    "prs": {"stem": "از این‌ها کدام درست است؟", "options": ["سنگ سرخ", "سنگ سفید", "سرک", "راه"], "accepted": "میثاق اتاوا", "unit": "متر مربع", "cloze": "[[1]]، به آن دست [[2]] و به [[3]] خبر دهید."},
    "ka": {"stem": "რომელია სწორი?", "options": ["წითელი ქვა", "თეთრი ქვა", "გზა", "ბილიკი"], "accepted": "ოტავის კონვენცია", "unit": "კვ. მ", "cloze": "[[1]], ნუ [[2]] და დარეკეთ [[3]]."},
    "az": {"stem": "Hansı düzgündür?", "options": ["qırmızı daş", "ağ daş", "yol", "cığır"], "accepted": "Ottava konvensiyası", "unit": "kv. m", "cloze": "[[1]], ona [[2]] və [[3]] nömrəsinə."},
}  # fmt: skip
STRUCTURES = {
    "single": {"options": [*"abcd"], "right": ["b"], "figure": "sign"},
    "multiple": {"options": [*"abcd"], "right": ["a", "c"], "points": 2},
    "true-false": {"options": ["true", "false"], "right": ["false"]},
    "matching": {"prompts": [*"abc"], "choices": [*"abcd"], "pairs": {"a": "a", "b": "b", "c": "c"}, "points": 3},
    "ordering": {"options": [*"abcd"], "points": 2},
    "numeric": {"answer": "1000000", "tolerance": "5"},
    "short-text": {},
    "hotspot": {"columns": 8, "rows": 6, "hazards": [["C4", "C5"], ["F2"]], "figure": "sign", "points": 2},
    "cloze": {"gaps": {"1": {"options": [*"abc"], "right": ["a"]}, "2": {"answer": "20"}, "3": {}}, "points": 3},
    "written": {"rubric": {"a": 2, "b": 2}},
}


def candidates(language: str) -> list[Candidate]:
    """One question of each of the ten kinds; every text a draft that awaits review."""
    said = WORDS[language]

    def text(words: str) -> dict[str, str]:
        return {"text": words, "language": language, "notice": "draft"}

    letters = dict(zip("abcd", said["options"], strict=True))
    words = {
        f"{unit}.{key}": text(said_so)
        for unit in ("option", "prompt", "choice", "gap.1", "rubric")
        for key, said_so in letters.items()
    }
    words |= {"option.true": text("1"), "option.false": text("0")}
    words |= {
        "accepted": text(said["accepted"]),
        "accepted.3": text("102"),
        "unit": text(said["unit"]),
        "alt": text(said["stem"]),
    }
    found = []
    for number, (kind, structure) in enumerate(STRUCTURES.items(), start=1):
        stem = text(said["cloze"] if kind == "cloze" else said["stem"])
        kept = {k: v for k, v in words.items() if k not in ("unit", "alt")} | {"stem": stem}
        kept |= {"unit": words["unit"]} if kind == "numeric" else {}
        kept |= {"alt": words["alt"]} if "figure" in structure else {}
        found.append(Candidate(number, 1, kind, "law", 1, False, structure, kept))
    return found
