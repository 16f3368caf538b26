"""How the title of a cover is set: its lines and their size, for a sheet of 200 by 283 units. Pure."""

from dataclasses import dataclass

WIDTH, MOST_LINES = 164, 4
SIZES = (24.0, 21.0, 18.5, 16.0, 13.5)
WIDE = {"latin": 0.6, "georgian": 0.7, "arabic": 0.5}  # width of a bold letter as a share of the type size, measured
LEADING = {"latin": 1.2, "georgian": 1.3, "arabic": 1.5}
FIRST_LINE = 52


@dataclass(frozen=True)
class Line:
    """A line of the title and the height of its foot."""

    words: str
    y: float


@dataclass(frozen=True)
class Title:
    """The set title."""

    size: float
    lines: list[Line]


def title(words: str, script: str) -> Title:
    """In the largest type in which it takes at most four lines and cuts no word; in the smallest a word may be cut."""
    longest = max(map(len, words.split()), default=0)
    for size in SIZES:
        most = int(WIDTH / (size * WIDE[script]))
        lines = _lines(words, most)
        if len(lines) <= MOST_LINES and (longest <= most or size == SIZES[-1]):
            return _set(lines, size, script)
    lines = _lines(words, int(WIDTH / (SIZES[-1] * WIDE[script])))[:MOST_LINES]
    return _set([*lines[:-1], f"{lines[-1].rstrip('.,')}…"], SIZES[-1], script)


def _lines(words: str, most: int) -> list[str]:
    """Broken at spaces into lines of at most `most` letters; a longer word counts as many lines as it would fill."""
    lines: list[str] = []
    for word in words.split():
        if lines and len(lines[-1]) + 1 + len(word) <= most:
            lines[-1] += f" {word}"
        else:
            lines += [word[at : at + most] for at in range(0, len(word), most)]
    return lines or [""]


def _set(lines: list[str], size: float, script: str) -> Title:
    step = size * LEADING[script]
    return Title(size, [Line(words, round(FIRST_LINE + at * step, 1)) for at, words in enumerate(lines)])
