"""The plan of a grid as a picture for print: its border, its neighbours, streets with names, houses with numbers.

All measures of the picture are millimetres of the paper. A label is written where it covers no other label and no
house; what finds no place is left out and counted, and stands in the list of the round anyway.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import shapely
from markupsafe import Markup, escape

PT = 25.4 / 72
"""Millimetres of a point."""
CELL_MM = 6.0
STEPS_M = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
"""Lengths that a scale bar may have."""
DOT_MM = 0.75
SIZES_PT = (8.0, 7.0)
"""Of house numbers: smaller where the larger finds no place."""
STREET_PT, NEIGHBOUR_PT = 9.5, 11.0

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class PlanMap:
    """The picture, and how many house numbers found no place on it."""

    svg: Markup
    left_out: int
    scale: int
    """1 : ``scale`` on paper, to two digits."""


@dataclass
class _Taken:
    """Boxes that are written on, by cells of the paper."""

    cells: dict[tuple[int, int], list[Box]] = field(default_factory=dict)

    def free(self, box: Box) -> bool:
        return not any(
            box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
            for cell in _cells(box)
            for other in self.cells.get(cell, ())
        )

    def take(self, box: Box) -> None:
        for cell in _cells(box):
            self.cells.setdefault(cell, []).append(box)


@dataclass(frozen=True)
class _PaperFrame:
    """From metres to the paper."""

    west: float
    north: float
    mm_per_m: float
    width: float
    height: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        return (x - self.west) * self.mm_per_m, (self.north - y) * self.mm_per_m

    def on_paper(self, shape: shapely.Geometry) -> shapely.Geometry:
        """A shape in metres on the paper, cut at its edge."""
        moved = shapely.transform(
            shape, lambda xy: (xy - (self.west, self.north)) * (self.mm_per_m, -self.mm_per_m)
        )
        return shapely.clip_by_rect(shapely.make_valid(moved), 0, 0, self.width, self.height)


def plan_map(
    own: shapely.Geometry,
    neighbours: Iterable[tuple[str, shapely.Geometry]],
    streets: Iterable[tuple[str, shapely.Geometry]],
    houses: Sequence[tuple[str, tuple[float, float]]],
    *,
    width_mm: float,
    height_mm: float,
) -> PlanMap:
    """The plan of the grid ``own``, north up, filling the paper to its edges.

    Parameters
    ----------
    own, neighbours, streets
        In one metric CRS; names may be empty.
    houses
        Number and place of each.
    """
    frame = _frame(own, width_mm, height_mm)
    ground = frame.on_paper(own)
    taken = _Taken()
    corner = _corner(frame)
    taken.take((0, height_mm - 11, 52, height_mm))
    taken.take((width_mm - 13, 0, width_mm, 17))
    spots = [(number, frame.at(*xy)) for number, xy in houses]
    for _, (x, y) in spots:
        taken.take((x - DOT_MM, y - DOT_MM, x + DOT_MM, y + DOT_MM))
    fields, lines, words = [], [], []
    for name, shape in neighbours:
        part = frame.on_paper(shape)
        if not part.is_empty:
            fields.append(f'<path class="other" d="{_path(part)}"/>')
            words += _neighbour(taken, name, part)
    for name, shape in streets:
        part = frame.on_paper(shape)
        if not part.is_empty:
            lines.append(part)
            words += _street(taken, name, part, ground)
    numbers, left_out = _numbers(taken, spots)
    picture = "".join(
        (
            f'<rect class="sheet" width="{width_mm}" height="{height_mm}"/>',
            *fields,
            f'<path class="own" d="{_path(ground)}"/>',
            *(f'<path class="edge" d="{_path(line)}"/>' for line in lines),
            *(f'<path class="road" d="{_path(line)}"/>' for line in lines),
            f'<path class="border" d="{_path(ground)}"/>',
            *(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{DOT_MM}"/>' for _, (x, y) in spots),
            *words,
            *numbers,
            corner,
            f'<rect class="frame" width="{width_mm}" height="{height_mm}"/>',
        )
    )
    svg = f'<svg class="map" viewBox="0 0 {width_mm} {height_mm}">{picture}</svg>'
    return PlanMap(Markup(svg), left_out, _two_digits(1000 / frame.mm_per_m))  # noqa: S704 - numbers, escaped labels


def _frame(own: shapely.Geometry, width: float, height: float) -> _PaperFrame:
    west, south, east, north = own.bounds
    # A margin of a twelfth shows the neighbours all around.
    mm_per_m = min(
        width / max((east - west) * 1.17, 20.0), height / max((north - south) * 1.17, 20.0)
    )
    x, y = (west + east) / 2, (south + north) / 2
    return _PaperFrame(x - width / mm_per_m / 2, y + height / mm_per_m / 2, mm_per_m, width, height)


def _corner(frame: _PaperFrame) -> str:
    """The scale bar and the arrow to the north."""
    long = max((m for m in STEPS_M if m * frame.mm_per_m <= 42), default=STEPS_M[0])
    mm, y, x = long * frame.mm_per_m, frame.height - 3.5, frame.width - 6.5
    return (
        f'<rect class="key" x="0" y="{frame.height - 10:.1f}" width="{max(mm + 8, 26):.1f}" height="10"/>'
        f'<path class="bar" d="M4,{y - 2:.1f} V{y:.1f} H{4 + mm:.2f} V{y - 2:.1f}"/>'
        f'<text x="{4 + mm / 2:.2f}" y="{y - 2.2:.1f}" font-size="{8 * PT:.2f}">{long} m</text>'
        f'<rect class="key" x="{frame.width - 12:.1f}" y="0" width="12" height="16"/>'
        f'<path class="north" d="M{x},7 l-3,7 3,-2 3,2z"/>'
        f'<text x="{x}" y="5.6" font-size="{10 * PT:.2f}" font-weight="700">N</text>'
    )


def _neighbour(taken: _Taken, name: str, part: shapely.Geometry) -> list[str]:
    """The name of a grid beside, in the middle of what is seen of it, or wherever it finds a place."""
    size = NEIGHBOUR_PT * PT
    wide = _wide(name, size)
    biggest = max(shapely.get_parts(part), key=lambda each: each.area)
    for spot in _spots_in(biggest):
        box = (spot[0] - wide / 2, spot[1] - size * 0.7, spot[0] + wide / 2, spot[1] + size * 0.7)
        if biggest.contains(shapely.box(*box)) and taken.free(box):
            taken.take(box)
            return [
                f'<text class="beside" x="{spot[0]:.2f}" y="{spot[1] + size * 0.35:.2f}" '
                f'font-size="{size:.2f}">{escape(name)}</text>'
            ]
    return []


def _spots_in(shape: shapely.Geometry) -> Iterator[tuple[float, float]]:
    first = shape.representative_point()
    yield first.x, first.y
    west, north, east, south = shape.bounds
    for k in (0.5, 0.3, 0.7, 0.15, 0.85):
        for n in (0.5, 0.3, 0.7, 0.15, 0.85):
            yield west + k * (east - west), north + n * (south - north)


def _street(
    taken: _Taken, name: str, part: shapely.Geometry, ground: shapely.Geometry
) -> list[str]:
    """The name along the street, within the grid if there is room."""
    size = STREET_PT * PT
    wide = _wide(name, size)
    if not name:
        return []
    lines = [
        line for line in shapely.get_parts(shapely.line_merge(part)) if line.length > wide * 1.2
    ]
    places = [
        (
            not ground.covers(line.interpolate(at, normalized=True)),
            abs(at - 0.5),
            line,
            at * line.length,
        )
        for line in lines
        for at in (0.5, 0.35, 0.65, 0.2, 0.8, 0.1, 0.9)
        if wide / 2 <= at * line.length <= line.length - wide / 2
    ]
    for _, _, line, middle in sorted(places, key=lambda each: each[:2]):
        start = line.interpolate(middle - wide / 2)
        end = line.interpolate(middle + wide / 2)
        spot = line.interpolate(middle)
        if math.hypot(end.x - start.x, end.y - start.y) < wide * 0.97:
            continue  # a bend: letters would leave the street
        if start.x > end.x or (abs(start.x - end.x) < 0.1 and start.y > end.y):
            start, end = end, start
        boxes = _along((start.x, start.y), (end.x, end.y), size)
        if not all(taken.free(box) for box in boxes):
            continue
        for box in boxes:
            taken.take(box)
        turn = math.degrees(math.atan2(end.y - start.y, end.x - start.x))
        return [
            f'<text class="street" transform="translate({spot.x:.2f} {spot.y:.2f}) rotate({turn:.1f})" '
            f'y="{size * 0.35:.2f}" font-size="{size:.2f}">{escape(name)}</text>'
        ]
    return []


def _numbers(
    taken: _Taken, spots: Sequence[tuple[str, tuple[float, float]]]
) -> tuple[list[str], int]:
    written, left_out = [], 0
    for number, (x, y) in spots:
        for size, anchor, at, box in _around(number, x, y):
            if taken.free(box):
                taken.take(box)
                written.append(
                    f'<text class="number {anchor}" x="{at[0]:.2f}" y="{at[1]:.2f}" '
                    f'font-size="{size:.2f}">{escape(number)}</text>'
                )
                break
        else:
            left_out += 1
    return written, left_out


def _around(
    number: str, x: float, y: float
) -> Iterator[tuple[float, str, tuple[float, float], Box]]:
    """Places for a number about its house, the best first."""
    for points in SIZES_PT:
        size, gap = points * PT, DOT_MM + 0.25
        wide, half = _wide(number, size), points * PT * 0.4
        for dx, dy in ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1)):
            side = gap * (0.6 if dy else 1)
            left = x + side if dx > 0 else x - side - wide if dx < 0 else x - wide / 2
            middle = y + dy * (gap + half)
            anchor = {1: "start", -1: "end", 0: "middle"}[dx]
            start = {1: left, -1: left + wide, 0: x}[dx]
            yield (
                size,
                anchor,
                (start, middle + size * 0.36),
                (left, middle - half, left + wide, middle + half),
            )


def _along(start: tuple[float, float], end: tuple[float, float], size: float) -> list[Box]:
    """Squares of a line of letters."""
    long = math.hypot(end[0] - start[0], end[1] - start[1])
    count = max(1, math.ceil(long / size))
    boxes = []
    for k in range(count):
        share = (k + 0.5) / count
        x, y = start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
        boxes.append((x - size / 2, y - size / 2, x + size / 2, y + size / 2))
    return boxes


def _two_digits(number: float) -> int:
    step: int = 10 ** max(0, math.floor(math.log10(number)) - 1)
    return round(number / step) * step


def _wide(words: str, size: float) -> float:
    """About how wide a text is: a Chinese letter is as wide as high, a Latin one a little over half."""
    return sum(size if ord(letter) > 0x2E7F else size * 0.58 for letter in words)


def _cells(box: Box) -> Iterator[tuple[int, int]]:
    for k in range(math.floor(box[0] / CELL_MM), math.floor(box[2] / CELL_MM) + 1):
        for n in range(math.floor(box[1] / CELL_MM), math.floor(box[3] / CELL_MM) + 1):
            yield k, n


def _path(shape: shapely.Geometry) -> str:
    rings = []
    for part in shapely.get_parts(shape):
        if part.geom_type == "Polygon":
            rings += [(ring, "Z") for ring in (part.exterior, *part.interiors)]
        elif part.geom_type == "LineString":
            rings.append((part, ""))
    return " ".join(
        "M" + " ".join(f"{x:.2f},{y:.2f}" for x, y in shapely.get_coordinates(ring).tolist()) + end
        for ring, end in rings
    )
