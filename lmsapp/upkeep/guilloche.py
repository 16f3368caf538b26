"""Draws the line-work of certificates as small SVG files: `python -m lmsapp.upkeep.guilloche`. The result is committed.

Woven borders, rosettes, the name panel, the place for the seal and the centre's emblem, in millimetres of the printed
page. Two habits keep a page's content small: paths are whole numbers in fiftieths of a millimetre, and whatever repeats
is one tile or one strand used many times, so that compression meets the same bytes again.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

CERTIFICATES = Path(__file__).parents[2] / "templates" / "certificates"
UNIT = 50  # path units in a millimetre
SHEET = (297, 210)  # A4 landscape
CROWN = 0.3642  # handle of a cubic that follows half a sine, as a share of the half wave

DEEP, PALE, FAINT = "#0B4F56", "#7FB0AB", "#D3E4E1"
PANEL, SEAL, RAY = "#C9DEDA", "#8FB8B3", "#2F7378"
INK, INK_PALE = "#3D4B52", "#9AA7AC"

Point = tuple[float, float]
Segment = tuple[Point, Point, Point]


def short(value: float) -> str:
    """A number with at most three decimals and no idle zeros."""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def tag(name: str, body: str = "", /, **attributes: object) -> str:
    """One SVG element; underscores in names stand for hyphens, numbers are shortened."""
    said = "".join(
        f' {key.replace("_", "-")}="{short(value) if isinstance(value, float) else value}"'
        for key, value in attributes.items()
    )
    return f"<{name}{said}>{body}</{name}>" if body else f"<{name}{said}/>"


class Drawing:
    """Collects definitions and elements of one file and numbers what is used again."""

    def __init__(self, width: float, height: float, units: str = "mm") -> None:
        self.width, self.height, self.units = width, height, units
        self._names = (f"i{number}" for number in itertools.count())
        self.body = ""

    def add(self, *elements: str) -> None:
        self.body += "".join(elements)

    def define(self, element: str) -> str:
        """Keeps an element for later use; returns its name."""
        name = next(self._names)
        self.add(tag("defs", tag("g", element, id=name)))
        return name

    def clip(self, x: float, y: float, width: float, height: float) -> str:
        """A clipping rectangle; returns its name."""
        name = next(self._names)
        shape = tag("rect", x=x, y=y, width=width, height=height)
        self.add(tag("defs", tag("clipPath", shape, id=name)))
        return name

    def repeat(self, element: str, moves: Iterable[str]) -> str:
        """The element, and the same again at each transformation."""
        name = next(self._names)
        return tag("g", element, id=name) + uses(name, moves)

    def svg(self) -> str:
        """The file."""
        size = {"width": f"{short(self.width)}{self.units}", "height": f"{short(self.height)}{self.units}"}
        box = f"0 0 {short(self.width)} {short(self.height)}"
        return tag("svg", self.body, xmlns="http://www.w3.org/2000/svg", **size, viewBox=box) + "\n"


def uses(name: str, moves: Iterable[str]) -> str:
    """The named element at each transformation."""
    return "".join(tag("use", href=f"#{name}", transform=move) for move in moves)


def curve(start: Point, segments: Iterable[Segment]) -> str:
    """Relative path data, rounded from absolute points so that nothing drifts."""
    x, y = round(start[0] * UNIT), round(start[1] * UNIT)
    data = f"M{x} {y}"
    for segment in segments:
        points = [(round(px * UNIT), round(py * UNIT)) for px, py in segment]
        data += "c" + " ".join(f"{px - x} {py - y}" for px, py in points).replace(" -", "-")
        x, y = points[-1]
    return data


def line(data: str, colour: str, width: float) -> str:
    """A path in units, stroked `width` millimetres wide."""
    scale = f"scale({short(1 / UNIT)})"
    return tag("path", d=data, fill="none", stroke=colour, stroke_width=width * UNIT, transform=scale)


def circle(radius: float, stroke: str, width: float, fill: str = "none") -> str:
    """A ring or disc about the origin."""
    return tag("circle", r=radius, fill=fill, stroke=stroke, stroke_width=width)


def disc(radius: float, fill: str, x: float = 0.0, y: float = 0.0) -> str:
    """A filled disc."""
    return tag("circle", cx=x, cy=y, r=radius, fill=fill)


def wave(period: float, waves: int, amplitude: float, shift: float, envelope: Callable[[float], float]) -> str:
    """One period of a modulated sine from peak to peak; the next tile goes on exactly where it ends.

    `shift` is in half waves; the envelope gets the place as a share of the period.
    """
    half = period / waves / 2
    peaks = [
        ((index + shift) * half, (1 if index % 2 else -1) * amplitude * envelope((index + shift) * half / period))
        for index in range(2 * waves + 1)
    ]
    handle = CROWN * half
    return curve(
        peaks[0],
        [((ax + handle, ay), (bx - handle, by), (bx, by)) for (ax, ay), (bx, by) in itertools.pairwise(peaks)],
    )


def strand(radius: float, depth: float, petals: int) -> str:
    """A closed line that swings `depth` about the radius, once a petal, as cubic Hermite pieces."""
    pieces = 4 * petals
    third = 2 * math.pi / pieces / 3
    knots = []
    for index in range(pieces + 1):
        angle = 2 * math.pi * index / pieces
        away = radius + depth * math.cos(petals * angle)
        growth = -depth * petals * math.sin(petals * angle)
        cos, sin = math.cos(angle), math.sin(angle)
        knots.append((away * cos, away * sin, growth * cos - away * sin, growth * sin + away * cos))
    return (
        curve(
            knots[0][:2],
            [
                ((a[0] + a[2] * third, a[1] + a[3] * third), (b[0] - b[2] * third, b[1] - b[3] * third), b[:2])
                for a, b in itertools.pairwise(knots)
            ],
        )
        + "z"
    )


def ring(drawing: Drawing, radius: float, depth: float, petals: int, strands: int, colour: str, width: float) -> str:
    """A woven ring: one strand turned by equal parts of a petal."""
    step = 360 / petals / strands
    turns = [f"rotate({short(index * step)})" for index in range(1, strands)]
    return drawing.repeat(line(strand(radius, depth, petals), colour, width), turns)


def rosette(drawing: Drawing, radius: float, petals: int, strands: int, width: float, ground: str = "#fff") -> str:
    """Three woven rings in a border, about the origin."""
    return (
        disc(radius, ground)
        + ring(drawing, radius * 0.80, radius * 0.165, petals, strands, DEEP, width)
        + ring(drawing, radius * 0.52, radius * 0.15, petals // 2, strands, PALE, width)
        + ring(drawing, radius * 0.27, radius * 0.10, petals // 3, 4, DEEP, width)
        + circle(radius * 0.98, DEEP, width * 2)
        + disc(radius * 0.08, DEEP)
    )


@dataclass(frozen=True)
class Border:
    """A woven frame: distance from the sheet's edge and depth in mm, colours, strands, tiles along the long side."""

    outer: float
    depth: float
    dark: str
    light: str
    strands: int
    tiles: int
    corner: Callable[[Drawing, float], str]


def weave(border: Border, period: float) -> str:
    """One tile of the frame: two families of waves that swell in turn."""
    half = border.depth / 2 * 0.92

    def swell(share: float) -> float:
        return 0.62 + 0.38 * math.cos(2 * math.pi * share)

    def shrink(share: float) -> float:
        return 0.62 - 0.38 * math.cos(2 * math.pi * share)

    behind = [wave(period, 4, half * 0.92, 2 * index / border.strands, shrink) for index in range(border.strands - 1)]
    before = [wave(period, 3, half, 2 * index / border.strands, swell) for index in range(border.strands)]
    return line("".join(behind), border.light, 0.17) + line("".join(before), border.dark, 0.17)


def frame(border: Border) -> Drawing:
    """The whole border of the sheet."""
    width, height = SHEET
    drawing = Drawing(width, height)
    middle = border.outer + border.depth / 2
    across, down = width - 2 * middle, height - 2 * middle
    period = across / border.tiles
    rows = round(down / period)
    stretch = short(down / rows / period)
    tile = drawing.define(weave(border, period))
    # A tile begins before and ends after its run, so each side is clipped to its length.
    level, upright = drawing.clip(middle, 0, across, height), drawing.clip(0, middle, width, down)
    sides = [
        f"translate({short(middle + column * period)} {short(y)})"
        for y in (middle, height - middle)
        for column in range(-1, border.tiles)
    ]
    posts = [
        f"translate({short(x)} {short(middle + row * down / rows)}) rotate(90) scale({stretch} 1)"
        for x in (middle, width - middle)
        for row in range(-1, rows)
    ]
    drawing.add(tag("g", uses(tile, sides), clip_path=f"url(#{level})"))
    drawing.add(tag("g", uses(tile, posts), clip_path=f"url(#{upright})"))
    inner = border.outer + border.depth
    for inset, stroke in (
        (border.outer - 1.1, 0.7),
        (border.outer - 0.1, 0.2),
        (inner + 0.1, 0.2),
        (inner + 1.1, 0.45),
    ):
        box = {"x": inset, "y": inset, "width": width - 2 * inset, "height": height - 2 * inset}
        drawing.add(tag("rect", **box, fill="none", stroke=border.dark, stroke_width=stroke))
    corner = drawing.define(border.corner(drawing, border.depth))
    corners = itertools.product((middle, width - middle), (middle, height - middle))
    drawing.add(uses(corner, [f"translate({short(x)} {short(y)})" for x, y in corners]))
    return drawing


def square(half: float, **attributes: object) -> str:
    """A square about the origin."""
    return tag("rect", x=-half, y=-half, width=2 * half, height=2 * half, **attributes)


def great_corner(drawing: Drawing, depth: float) -> str:
    """Qualification: a rosette wider than the band."""
    return rosette(drawing, depth * 0.98, 18, 4, 0.16)


def small_corner(drawing: Drawing, depth: float) -> str:
    """Achievement: a rosette in a square."""
    box = square(depth * 0.5 + 0.1, fill="#fff", stroke=DEEP, stroke_width=0.3)
    return box + rosette(drawing, depth * 0.44, 12, 3, 0.14)


def plain_corner(_: Drawing, depth: float) -> str:
    """Attendance: a solid square with a white lozenge."""
    half = depth * 0.5 + 1.1
    return square(half, fill=INK) + square(half * 0.45, fill="#fff", transform="rotate(45)")


def ground() -> Drawing:
    """The faint rosette under the text."""
    drawing = Drawing(150, 150)
    rings = [(62, 11, 26), (42, 9, 18), (24, 8, 12)]
    woven = "".join(ring(drawing, radius, depth, petals, 4, FAINT, 0.22) for radius, depth, petals in rings)
    drawing.add(tag("g", woven, transform="translate(75 75)"))
    return drawing


def name_panel() -> Drawing:
    """The lines behind the name: a spindle over the whole measure."""

    def spindle(share: float) -> float:
        return math.sin(math.pi * min(max(share, 0), 1))

    def beaded(share: float) -> float:
        return float(spindle(share) ** 0.8 * (0.72 + 0.28 * math.cos(2 * math.pi * 4 * share)))

    drawing = Drawing(244, 22)
    strong = "".join(wave(244, 8, 9.6, index / 3, beaded) for index in range(6))
    weak = "".join(wave(244, 18, 5.2, index / 2, spindle) for index in range(4))
    drawing.add(tag("g", line(strong, PANEL, 0.18) + line(weak, FAINT, 0.18), transform="translate(0 11)"))
    return drawing


def seal_place() -> Drawing:
    """Where the ink seal goes: a ring with an empty middle."""
    drawing = Drawing(40, 40)
    woven = ring(drawing, 15.6, 3.2, 24, 4, SEAL, 0.24)
    drawing.add(tag("g", woven + circle(19.4, SEAL, 0.45) + circle(12, SEAL, 0.3), transform="translate(20 20)"))
    return drawing


def outline(data: str, stroke: str, width: float, fill: str = "none") -> str:
    """A path with round ends and joints."""
    return tag("path", d=data, fill=fill, stroke=stroke, stroke_width=width, stroke_linejoin="round",
               stroke_linecap="round")  # fmt: skip


def emblem() -> Drawing:
    """A sprout over furrows in a ring of beads: land given back. It is no state's emblem."""
    drawing = Drawing(120, 120, "")
    drawing.add(tag("circle", cx=60, cy=60, r=57, fill="#fff", stroke=DEEP, stroke_width=2.2))
    drawing.add(tag("circle", cx=60, cy=60, r=53, fill="none", stroke=DEEP, stroke_width=0.8))
    for index in range(32):
        angle = index * math.pi / 16
        drawing.add(disc(1.15 if index % 4 else 2.3, DEEP, 60 + 48.6 * math.cos(angle), 60 + 48.6 * math.sin(angle)))
    drawing.add(disc(44.0, DEEP, 60, 60))
    furrows = "".join(
        outline(f"M60 62Q{short(60 + reach * 0.4)} 78 {60 + reach} 108", DEEP, 2.3)
        for reach in (-52, -31, -13, 13, 31, 52)
    )
    scene = sun_rays() + tag("path", d="M10 74Q60 60 110 74V110H10Z", fill="#fff") + furrows
    name = "field"
    drawing.add(tag("defs", tag("clipPath", tag("circle", cx=60, cy=60, r=43), id=name)))
    drawing.add(tag("g", scene, clip_path=f"url(#{name})"))
    drawing.add(
        outline("M60 84V50", "#fff", 4.6),
        outline("M60 56Q42 58 34 37Q56 35 60 56Z", DEEP, 1.4, "#fff"),
        outline("M60 50Q76 51 86 30Q63 28 60 50Z", DEEP, 1.4, "#fff"),
        outline("M60 53Q50 49 43 42M60 47Q69 43 76 36", DEEP, 1.3),
        outline("M55 84Q60 78 65 84", DEEP, 1, DEEP),
    )
    return drawing


def sun_rays() -> str:
    """Eleven rays over the horizon."""
    rays = ""
    for index in range(11):
        angle = math.pi * (index + 0.5) / 11
        tips: Sequence[Point] = [
            (60 + 60 * math.cos(angle + turn), 66 - 60 * math.sin(angle + turn)) for turn in (-0.055, 0.055)
        ]
        rays += "M60 66" + "".join(f"L{short(x)} {short(y)}" for x, y in tips) + "Z"
    return tag("path", d=rays, fill=RAY)


BORDERS = {
    "qualification": Border(8, 10.5, DEEP, PALE, 4, 9, great_corner),
    "achievement": Border(9, 7, DEEP, PALE, 3, 11, small_corner),
    "attendance": Border(10, 3.4, INK, INK_PALE, 3, 16, plain_corner),
}
PARTS = {"ground-rosette": ground, "name-panel": name_panel, "seal-place": seal_place, "emblem": emblem}


def drawings() -> dict[str, str]:
    """Every file by its path below `templates/certificates`."""
    made = {f"designs/{kind}/border.svg": frame(border).svg() for kind, border in BORDERS.items()}
    return made | {f"parts/{name}.svg": draw().svg() for name, draw in PARTS.items()}


@click.command()
def main() -> None:
    """Writes all drawings and prints their sizes."""
    for name, text in drawings().items():
        target = CERTIFICATES / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        click.echo(f"{name} {len(text) / 1024:.1f} KB")


if __name__ == "__main__":
    main()
