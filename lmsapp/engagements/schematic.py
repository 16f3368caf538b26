"""A schematic map of the centre's country and its partners: rows of dots. It says nothing about the status of any territory. Pure.

The map keeps its directions in every language; east stays right.
"""

from dataclasses import dataclass

STEP_X, STEP_Y, LEFT, TOP = 5.334, 6.09, 24.8, 23.0
HOME = "AZ"
# Rows of dots by country: `row:first-last,first-last`.
ROWS = {
    "HR": "0:5-6 1:4-9 2:0-9 3:2-4 4:3-4 5:4-5 6:6-6",
    "TR": (
        "9:25-26,36-39 10:23-27,34-41,50-51 11:23-26,28-54 12:27-54 13:24-55 14:25-56 15:24-56 16:24-56 17:25-56 "
        "18:25-56 19:26-50 20:28-30,33-39,41-42"
    ),
    "GE": "7:50-54 8:51-58 9:51-59 10:52-59",
    "AZ": "10:60-64 11:58-64 12:59-66 13:59-65 14:60-64 15:58-58,60-60,63-64 16:64-64",
    "AF": (
        "17:103-105 18:102-105 19:94-105,107-108 20:94-106 21:92-105 22:87-89,91-105 23:87-105 24:86-104 25:86-104 "
        "26:86-103 27:86-101 28:86-101 29:87-101 30:88-99 31:88-97 32:87-96 33:87-95 34:88-93"
    ),
}
# Where a tie ends, and where the country's name stands.
ENDS = {"HR": (48, 30), "TR": (212, 103), "GE": (328, 81), "AF": (565, 170), "AZ": (377, 97)}
NAMES = {"HR": (53, 87), "TR": (218, 167), "GE": (313, 52), "AF": (535, 249), "AZ": (384, 84)}
BENDS = {"HR": (213, 4), "TR": (295, 71), "GE": (353, 55), "AF": (471, 71)}


@dataclass(frozen=True)
class Country:
    """A country as it is drawn: the path of its dots, where its name and its tie from home stand."""

    code: str
    dots: str
    name_at: tuple[int, int]
    end: tuple[int, int]
    tie: str


def drawn() -> list[Country]:
    """All countries of the map, the centre's own among them."""
    return [Country(code, _dots(code), NAMES[code], ENDS[code], _tie(code)) for code in ROWS]


def _dots(code: str) -> str:
    """Each run of dots is one stroke, which the style sheet dashes at the same step."""
    strokes = []
    for row in ROWS[code].split():
        place, _colon, runs = row.partition(":")
        for run in runs.split(","):
            first, last = map(int, run.split("-"))
            x, y = LEFT + first * STEP_X, TOP + int(place) * STEP_Y
            strokes.append(f"M{x:.1f} {y:.1f}h{(last - first) * STEP_X + 0.1:.1f}")
    return "".join(strokes)


def _tie(code: str) -> str:
    if code not in BENDS:
        return ""
    points = [ENDS[HOME], BENDS[code], ENDS[code]]
    return "M{} {}Q{} {} {} {}".format(*(value for point in points for value in point))
