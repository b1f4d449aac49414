"""Parts of ``scripts/bench locate``: builds, single points, and polygon sets made to hurt."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import shapely
from measuring import Case, best
from partitions import Polygons, partition, points
from shapely import affinity

from gisgrid.locate.locator import Locator


def machine() -> str:
    """Where and when."""
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    load = os.getloadavg()[0]
    day = datetime.now(UTC).date().isoformat()
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, {day}; load at the start {load:.1f}."


def builds(sets: Mapping[int, Polygons]) -> list[str]:
    """Seconds to build, megabytes, seconds to open."""
    rows = [
        "| polygons | vertices | build s | CPU s | arrays MB | file MB | open, every byte checked, ms | open unchecked ms |"
    ]
    rows.append("|---:|---:|---:|---:|---:|---:|---:|---:|")
    for m, polygons in sets.items():
        codes = [f"{i:07d}" for i in range(m)]
        seconds = best(lambda p=polygons, c=codes: Locator.build(p, c), 3)
        start = time.process_time()
        locator = Locator.build(polygons, codes)
        cpu = time.process_time() - start
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "plan"
            locator.save(path)
            opened = best(lambda p=path: Locator.load(p), 5) * 1e3
            unchecked = best(lambda p=path: Locator.load(p, verify=False), 5) * 1e3
            size = path.stat().st_size / 2**20
        vertices = int(shapely.get_num_coordinates(polygons).sum())
        memory = locator.index.nbytes / 2**20
        rows.append(
            f"| {m:,} | {vertices:,} | {seconds:.2f} | {cpu:.2f} | {memory:.1f} | {size:.1f} | {opened:.1f} | {unchecked:.1f} |"
        )
        print(rows[-1], flush=True)
    return rows


def singles(sets: Mapping[int, Polygons]) -> list[str]:
    """Microseconds of one call, the loop's own clock included."""
    rows = ["| polygons | call | points | p50 µs | p99 µs |", "|---:|---|---|---:|---:|"]
    for m, polygons in sets.items():
        locator = Locator.build(polygons, [f"{i:07d}" for i in range(m)])
        rng = np.random.default_rng(4)
        anywhere = np.column_stack(points(20_000, rng)).tolist()
        xy = shapely.get_coordinates(polygons)
        on_border = xy[rng.integers(0, len(xy), 20_000)].tolist()
        for name, call in (("place", locator.place), ("locate", locator.locate)):
            for kind, places in (("anywhere", anywhere), ("on vertices", on_border)):
                times = np.empty(len(places))
                for i, (x, y) in enumerate(places):
                    start = time.perf_counter_ns()
                    call(x, y)
                    times[i] = time.perf_counter_ns() - start
                p50, p99 = np.percentile(times, [50, 99]) / 1e3
                rows.append(f"| {m:,} | {name} | {kind} | {p50:.2f} | {p99:.2f} |")
                print(rows[-1], flush=True)
    return rows


def adversarial(rng: np.random.Generator) -> Iterator[Case]:
    """Sets that make one part of the index as large, or one path as frequent, as can be."""
    n = 200_000
    lon, lat = rng.random((2, n))
    yield Case(
        "one polygon of 1,000,000 vertices", np.array([_coast(1_000_000)]), lon * 2 - 1, lat * 2 - 1
    )
    coast = _coast(100_000)
    edge = shapely.get_coordinates(coast)[rng.integers(0, 100_000, n)]
    yield Case(
        "the same of 100,000, all points on vertices",
        np.array([coast]),
        edge[:, 0].copy(),
        edge[:, 1].copy(),
    )
    row, column = np.divmod(np.arange(100_000), 400)
    squares = shapely.box(column, row, column + 1.0, row + 1.0)
    yield Case("100,000 squares", squares, lon * 400, lat * 250)
    yield Case(
        "a star of 5,000 spikes",
        np.array([_star(5000)]),
        lon[:20_000] * 2 - 1,
        lat[:20_000] * 2 - 1,
    )
    star = _star(250)
    many = np.array([affinity.translate(star, x, 0) for x in np.arange(100) * 0.05])
    yield Case(
        "100 stars of 250 spikes over each other", many, lon[:20_000] * 6 - 1, lat[:20_000] * 2 - 1
    )
    cells = partition(10_000, 100, rng)
    spot = points(1, rng)
    yield Case(
        "10,000 polygons, all points in one place",
        cells,
        spot[0] + rng.normal(size=n) * 1e-6,
        spot[1] + rng.normal(size=n) * 1e-6,
    )
    for count, size in ((1000, 0.3), (10_000, 0.05)):
        corner = rng.random((count, 2))
        boxes = shapely.box(*corner.T, *(corner + rng.uniform(0.2, 1, (count, 2)) * size).T)
        yield Case(f"{count:,} boxes over each other", boxes, lon[:50_000], lat[:50_000])
    both = np.concatenate([partition(1000, 100, rng), partition(1000, 100, rng)])
    yield Case("two whole plans over each other", both, *points(n, rng))
    far = np.append(squares[:10_000], shapely.box(5e6, 5e6, 6e6, 6e6))
    yield Case("10,000 squares in a corner of a far larger frame", far, lon * 400, lat * 25)


def _star(spikes: int) -> shapely.Polygon:
    turn = np.linspace(0, 2 * np.pi, 2 * spikes + 1)[:-1]
    reach = np.where(np.arange(2 * spikes) % 2, 0.02, 1.0)
    return shapely.Polygon(np.column_stack([np.cos(turn), np.sin(turn)]) * reach[:, None])


def _coast(vertices: int) -> shapely.Polygon:
    turn = np.linspace(0, 2 * np.pi, vertices + 1)[:-1]
    reach = (
        0.7
        + 0.2 * np.sin(7 * turn)
        + 0.05 * np.sin(997 * turn)
        + 0.01 * np.sin(vertices / 8 * turn)
    )
    return shapely.Polygon(np.column_stack([np.cos(turn), np.sin(turn)]) * reach[:, None])
