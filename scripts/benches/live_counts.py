"""How long does a planner wait for counts while dragging a border? Writes docs/benchmarks/live_counts.md.

Town F as it lies in data/, and a made town of 1,000 grids and 100,000 houses. Every drag moves the
middle of a random border between two grids of one community by up to 20 m. Measured is what the server
computes for one answer: new borders, which houses lie where, counts of the grids that changed, and what
forbids the drag. The browser's drawing and the way over the network are not in it.
"""

from __future__ import annotations

import argparse
import time
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisgrid.balance.weights import Weights
from gisgrid.core.arrays import Floats, Geometries, Ints
from gisgrid.core.crs import M_PER_DEGREE, from_metric, to_metric
from gisgrid.core.errors import GisgridError
from gisgrid.db.tables.register import NEEDS
from gisgrid.planning.editor import edits
from gisgrid.planning.editor.editor import Editor, editor_of, numbers, with_grids
from gisgrid.planning.editor.refusals import ScenarioLocks, refuse
from gisgrid.planning.snapshot.snapshot import (
    Communities,
    Events,
    Grids,
    Houses,
    Members,
    PlanSnapshot,
    Stations,
    owners,
)

ROOT = Path(__file__).resolve().parents[2]
SRID = 4549
FAR = 20.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench live_counts", description=__doc__)
    parser.add_argument("--drags", type=int, default=300)
    parser.add_argument("--houses", type=int, default=100_000)
    parser.add_argument("--out", type=Path, default=ROOT / "docs/benchmarks/live_counts.md")
    args = parser.parse_args()
    rng = np.random.default_rng(7)
    lines = [
        "# Counts while a border is dragged",
        "",
        "`scripts/bench live_counts`. " + " ".join((__doc__ or "").split("\n\n")[1].split()),
        "Goal: 100 ms at Town F, 300 ms at 100,000 houses.",
        "",
        "| town | grids | houses | drags allowed | CPU median ms | CPU p95 ms | wall p95 ms |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, editor in (("Town F", town_f()), ("made", made_town(args.houses, rng))):
        lines.append(measured(name, editor, args.drags, rng))
        print(lines[-1])
    args.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


def measured(name: str, editor: Editor, drags: int, rng: np.random.Generator) -> str:
    topology, community = editor.topology, editor.state.grids.community
    inner = np.flatnonzero(topology.right >= 0)
    inner = inner[community[topology.left[inner]] == community[topology.right[inner]]]
    answer(editor, *dragged(editor, int(inner[0]), rng))
    cpu, wall, allowed = [], [], 0
    for arc in rng.choice(inner, drags).tolist():
        drag = dragged(editor, arc, rng)
        began, began_cpu = time.perf_counter(), time.process_time()
        allowed += answer(editor, *drag)
        cpu.append((time.process_time() - began_cpu) * 1000)
        wall.append((time.perf_counter() - began) * 1000)
    return (
        f"| {name} | {len(editor.state.grids.code):,} | {len(editor.state.houses.code):,} | "
        f"{allowed} of {drags} | {np.median(cpu):.1f} | {np.quantile(cpu, 0.95):.1f} | "
        f"{np.quantile(wall, 0.95):.1f} |"
    )


def dragged(editor: Editor, arc: int, rng: np.random.Generator) -> tuple[int, Floats]:
    line = editor.topology.lines[arc]
    k = max(1, len(line) // 2)
    middle = (line[k - 1] + line[k]) / 2 + rng.uniform(-FAR, FAR, 2) / M_PER_DEGREE
    return arc, np.vstack([line[:k], np.round(middle, 7)[None], line[k:]])


def answer(editor: Editor, arc: int, line: Floats) -> bool:
    try:
        grids = edits.drag(editor, {arc: line})
    except GisgridError:
        return False
    after = with_grids(editor, grids)
    sides = [int(s[arc]) for s in (editor.topology.left, editor.topology.right)]
    numbers(after, sides)
    try:
        refuse(editor, after, ScenarioLocks())
    except GisgridError:
        return False
    return True


def town_f() -> Editor:
    frame = gpd.read_file(ROOT / "data/boundaries/grids.geojson").sort_values("code")
    shapes = np.asarray(frame.geometry.values, dtype=object)
    areas = gpd.read_file(ROOT / "data/boundaries/areas.geojson").sort_values("code")
    areas = areas[areas.level == "community"]
    places = {code: k for k, code in enumerate(areas.code)}
    houses = pd.read_csv(ROOT / "data/register/houses.csv", dtype=str)
    return town(
        frame.code.to_numpy(dtype=object),
        shapes,
        exclusive=(frame.kind == "exclusive").to_numpy(),
        community=frame.community.map(places).to_numpy(dtype=np.int64),
        areas=np.asarray(areas.geometry.values, dtype=object),
        lonlat=houses[["lon", "lat"]].to_numpy(dtype=np.float64),
    )


def made_town(houses: int, rng: np.random.Generator) -> Editor:
    """40 x 25 grids of about 150 m with crooked borders, in communities of 5 x 5."""
    columns, rows, size, steps = 40, 25, 150.0, 8
    east, north = 500_000.0, 4_500_000.0
    fine_x, fine_y = columns * steps, rows * steps
    at = np.stack(np.meshgrid(np.arange(fine_x + 1), np.arange(fine_y + 1), indexing="ij"), axis=2)
    xy = at * (size / steps) + rng.uniform(-4, 4, at.shape) + [east, north]
    lonlat = shapely.get_coordinates(from_metric(shapely.points(xy.reshape(-1, 2)), SRID))
    lonlat = np.round(lonlat, 7).reshape(fine_x + 1, fine_y + 1, 2)

    def block(c0: int, r0: int, wide: int, high: int) -> shapely.Polygon:
        a, b, c, d = c0 * steps, r0 * steps, (c0 + wide) * steps, (r0 + high) * steps
        ring = [lonlat[a:c, b], lonlat[c, b:d], lonlat[c:a:-1, d], lonlat[a, d:b:-1]]
        return shapely.Polygon(np.vstack(ring))

    cells = [(c, r) for c in range(columns) for r in range(rows)]
    shapes = np.array([block(c, r, 1, 1) for c, r in cells], dtype=object)
    areas = np.array(
        [block(c, r, 5, 5) for c in range(0, columns, 5) for r in range(0, rows, 5)], dtype=object
    )
    community = np.array([(c // 5) * (rows // 5) + r // 5 for c, r in cells])
    spots = rng.uniform([east, north], [east + columns * size, north + rows * size], (houses, 2))
    points = shapely.get_coordinates(from_metric(shapely.points(spots), SRID))
    codes = np.array([f"{k:04d}" for k in range(len(cells))], dtype=object)
    return town(
        codes,
        shapes,
        exclusive=np.zeros(len(cells), bool),
        community=community,
        areas=areas,
        lonlat=np.round(points, 7),
    )


def town(
    codes: Geometries,
    shapes: Geometries,
    *,
    exclusive: np.ndarray,
    community: Ints,
    areas: Geometries,
    lonlat: Floats,
) -> Editor:
    n, empty = len(lonlat), np.array([], dtype=np.int64)
    none, nobody = np.array([], dtype=object), np.zeros((0, 2))
    area_codes = np.array([str(k) for k in range(len(areas))], dtype=object)
    grids = Grids(codes, codes, exclusive, codes, community, shapes, to_metric(shapes, SRID))
    houses = Houses(
        code=np.array([str(k) for k in range(n)], dtype=object),
        lonlat=lonlat,
        xy_m=shapely.get_coordinates(to_metric(shapely.points(lonlat), SRID)),
        residents=np.full(n, 3),
        households=np.full(n, 1),
        needs=np.zeros((n, len(NEEDS)), dtype=np.int64),
        community=np.zeros(n, dtype=np.int64),
        last_visit=np.full(n, "NaT", dtype="datetime64[D]"),
        grid=owners(lonlat, shapes, np.arange(len(codes))),
    )
    state = PlanSnapshot(
        day=date(2023, 8, 31),
        events_until=date(2023, 8, 31),
        srid=SRID,
        overlay=False,
        near_border_m=5.0,
        sizes={},
        communities=Communities(area_codes, area_codes, to_metric(areas, SRID)),
        grids=grids,
        houses=houses,
        members=Members(none, none, empty, empty.astype(bool)),
        events=Events(np.array([], dtype="datetime64[D]"), none, none, nobody, nobody, empty),
        stations=Stations(none, none, nobody, none),
        streets=none,
        visits_known=False,
        staff_known=False,
        training_known=False,
    )
    return editor_of(state, Weights())


if __name__ == "__main__":
    raise SystemExit(main())
