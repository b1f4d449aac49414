"""The plan of a grid for print: every house drawn, no label over another, street names along their streets."""

from __future__ import annotations

import re

import numpy as np
import shapely

from gisgrid.paper.plan_map import PlanMap, plan_map

WIDTH, HEIGHT = 186.0, 172.0
OWN = shapely.box(0, 0, 400, 300)
BESIDE = shapely.box(0, -300, 400, 0)
ROAD = shapely.LineString([(-500, 150), (900, 150)])
LANE = shapely.LineString([(200, -400), (200, 800)])
TEXT = re.compile(
    r'<text class="(number|beside)( \w+)?" x="([\d.-]+)" y="([\d.-]+)" font-size="([\d.]+)">([^<]+)<'
)


def drawn(houses: list[tuple[str, tuple[float, float]]]) -> PlanMap:
    return plan_map(
        OWN, [("南邻网格", BESIDE)], [("虚构大街", ROAD), ("虚构巷", LANE)], houses,
        width_mm=WIDTH, height_mm=HEIGHT,
    )  # fmt: skip


def boxes(found: PlanMap) -> list[tuple[float, float, float, float]]:
    """The ground that each label covers, a little less than it was given."""
    taken = []
    for kind, anchor, x, y, size, words in TEXT.findall(found.svg):
        high = float(size)
        wide = sum(high if ord(letter) > 0x2E7F else high * 0.55 for letter in words)
        left = float(x) - {" start": 0.0, " end": wide}.get(anchor, wide / 2)
        assert kind in ("number", "beside")
        taken.append((left, float(y) - high * 0.7, left + wide, float(y)))
    return taken


def test_no_label_covers_another_and_each_house_has_its_number_or_is_counted():
    rng = np.random.default_rng(7)
    houses = [
        (str(n), (x, y))
        for n, (x, y) in enumerate(rng.uniform((5, 5), (395, 295), (400, 2)).tolist(), 1)
    ]
    found = drawn(houses)
    assert found.svg.count("<circle") == 400
    written = {words for kind, *_, words in TEXT.findall(found.svg) if kind == "number"}
    assert len(written) + found.left_out == 400
    assert len(written) > 250, "most of a dense grid find a place"
    shapes = [shapely.box(*box) for box in boxes(found)]
    tree = shapely.STRtree(shapes)
    over = [(a, b) for a, b in tree.query(shapes, predicate="overlaps").T.tolist() if a < b]
    assert over == []


def test_a_number_stands_beside_its_house_and_covers_no_other():
    found = drawn([("12", (100.0, 100.0)), ("14", (103.0, 100.0))])
    dots = [
        (float(x), float(y))
        for x, y in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', found.svg)
    ]
    for box in boxes(found):
        assert not any(box[0] < x < box[2] and box[1] < y < box[3] for x, y in dots)


def test_the_map_fills_the_sheet_and_says_how_long_a_length_is():
    found = drawn([])
    assert f'viewBox="0 0 {WIDTH} {HEIGHT}"' in found.svg
    assert "<text" in found.svg and " m</text>" in found.svg and ">N</text>" in found.svg
    # 400 m and a margin of a sixth over 186 mm.
    assert found.scale == 2500
    bar = re.search(r'class="bar" d="M4,[\d.]+ V[\d.]+ H([\d.]+)', found.svg)
    long = re.search(r">(\d+) m<", found.svg)
    assert bar and long
    mm = float(bar[1]) - 4
    assert abs(mm * 400 * 1.17 / 186 - float(long[1])) < 0.5


def test_neighbours_and_streets_are_named_and_the_street_is_written_along_itself():
    found = drawn([])
    assert "南邻网格" in found.svg and "虚构大街" in found.svg
    lane = re.search(r'rotate\((-?[\d.]+)\)" y="[\d.]+" font-size="[\d.]+">虚构巷', found.svg)
    assert lane and abs(float(lane[1])) == 90


def test_words_of_people_are_no_markup():
    found = plan_map(
        OWN, [("<b>", BESIDE)], [], [("<i>", (9.0, 9.0))], width_mm=WIDTH, height_mm=HEIGHT
    )
    assert "<b>" not in found.svg and "<i>" not in found.svg and "&lt;i&gt;" in found.svg
