"""How much change does a fair plan cost, and how long does it take? scripts/bench balance [PART …]

Parts: town, city, live, fabric, dirty, seeds; all of them if none is named. Each part prints its
table; with all parts, or with --write, its section of docs/benchmarks/balance.md is replaced by what
was measured.

METIS (pymetis), KaHIP, GerryChain and spopt run beside on the town where they can be imported.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import shapely

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts" / "benches")]

import balance_peers  # noqa: E402
from balance_faults import FAULTS, faults_of  # noqa: E402

from gisgrid.balance.fabric import Fabric, build_fabric  # noqa: E402
from gisgrid.balance.graph import UnitGraph  # noqa: E402
from gisgrid.balance.rebalance import rebalance  # noqa: E402
from gisgrid.balance.redraw import redrawn  # noqa: E402
from gisgrid.balance.search import FAST, NORMAL, Search  # noqa: E402
from tests.support.live_balance import LiveCommunity  # noqa: E402
from tests.support.towns import grown_grids, make_town, soil  # noqa: E402

PAGE = ROOT / "docs" / "benchmarks" / "balance.md"
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Case:
    """A town whose grids of today are unions of its units."""

    graph: UnitGraph
    workload_min: Array
    grid_of: Array
    community_of: Array


@dataclass(frozen=True)
class Table:
    title: str
    note: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def text(self) -> str:
        lines = [f"## {self.title}", "", self.note, ""]
        lines.append("| " + " | ".join(self.head) + " |")
        lines.append("|" + " --- |" * len(self.head))
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join(lines) + "\n"


FRESH = (6101, 6102, 6103)
"""Seeds on which nothing was tuned: prices and lengths of the search were set on 1, 2, 3, 4101 … 4103, 5001 … 5012 and 10,000 …"""


def case(seed: int, *, houses: int, grids: int, communities: int) -> Case:
    rng = np.random.default_rng(seed)
    town = make_town(rng, houses=houses, grids=grids, communities=communities)
    ground = np.array(
        [
            shapely.coverage_union_all(town.grids[town.community_of == c])
            for c in range(communities)
        ],
        dtype=object,
    )
    fabric = build_fabric(ground, town.house_xy)
    graph = fabric.graph()
    xy = shapely.get_coordinates(shapely.centroid(fabric.units))
    grid_of = grown_grids(rng, graph, xy, fabric.grid_of, grids)
    return Case(graph, fabric.sums(town.workload_min), grid_of, fabric.grid_of)


def seconds(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """The answer, and the wall and processor seconds it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    answer = work()
    return answer, time.perf_counter() - wall, time.process_time() - cpu


def town_part() -> list[Table]:
    """44 grids, 2,000 houses, and the peers on the same units."""
    head = ("method", "s", "CPU s", "over bound %", "worst deviation %", "compactness",
            "worst grid", "workload moved %")  # fmt: skip
    rows = []
    for seed in FRESH:
        c = case(seed, houses=2000, grids=44, communities=9)
        rows.append(_today_row(f"town {seed}, today", c))
        for name, search in (("fast", FAST), ("normal", NORMAL)):
            rows.append(_solved_row(f"town {seed}, {name}", c, search, seed))
        if seed == FRESH[0]:
            rows += [_peer_row(f"town {seed}, {p.name}", c, p) for p in balance_peers.importable()]
    note = (
        "44 grids, 2,000 houses, 9 communities, tolerance 1 % of the community's own mean. "
        "Compactness is the mean Polsby-Popper score; the worst grid's stands beside it. A peer "
        "divides each community into as many parts as it has grids, with names matched to today's "
        "by most workload kept; it knows no plan of today, so the bound says nothing about it."
    )
    return [Table("Town", note, head, rows)]


def city_part() -> list[Table]:
    """1,000 grids, 100,000 houses."""
    c = case(FRESH[0], houses=100_000, grids=1000, communities=60)
    head = ("method", "s", "CPU s", "over bound %", "worst deviation %", "compactness",
            "worst grid", "workload moved %", "communities at 1 %", "proven out of reach")  # fmt: skip
    rows = [(*_today_row("today", c), "", "")]
    for name, search in (("fast", FAST), ("normal", NORMAL)):
        rows.append(_solved_row(name, c, search, 1, reached=True))
    note = (
        "1,000 grids, 100,000 houses, 60 communities, tolerance 1 %. Fabric and both searches together "
        f"took at most {_peak_mb():,.0f} MB."
    )
    return [Table("City", note, head, rows)]


def live_part() -> list[Table]:
    """One community while a hand drags one house after another."""
    rows = []
    for name, size in (
        ("town", {"houses": 2000, "grids": 44, "communities": 9}),
        ("city", {"houses": 35_000, "grids": 350, "communities": 21}),
    ):
        c = case(FRESH[0], **size)
        times, reached = _drag(c)
        ms, cpu_ms = 1000 * np.array(times).T
        rows.append(
            (
                name,
                str(len(ms)),
                f"{np.median(ms):.1f}",
                f"{np.percentile(ms, 95):.1f}",
                f"{ms.max():.1f}",
                f"{np.percentile(cpu_ms, 95):.1f}",
                f"{100 * np.mean(reached):.0f}",
            )
        )
    note = (
        "Eight houses in a row are dragged over a border of each community and held there; each "
        "time the community is solved again. The city has communities of the size of the big one."
    )
    head = ("town", "answers", "p50 ms", "p95 ms", "max ms", "p95 CPU ms", "at 1 % at once %")
    return [Table("Live, one community", note, head, rows)]


def fabric_part() -> list[Table]:
    """Units of ground, and new polygons after moves."""
    rows = []
    for houses, grids, communities, barriers in (
        (222, 5, 1, 0),  # one community of Town F's size
        (2000, 44, 9, 0),
        (20_000, 200, 20, 0),
        (20_000, 200, 20, 20),
        (100_000, 1000, 60, 0),
        (100_000, 1000, 60, 100),
    ):
        rng = np.random.default_rng(1)
        town = make_town(
            rng, houses=houses, grids=grids, communities=communities, barriers=barriers
        )
        fabric, wall, cpu = seconds(
            lambda t=town: build_fabric(t.grids, t.house_xy, barriers=t.barriers)
        )
        grid_of = _random_moves(fabric, rng, min(houses // 10, 500))
        _, redraw, _ = seconds(lambda f=fabric, g=grid_of: redrawn(f, g, smooth_m2=150.0))
        rows.append(
            (
                f"{houses:,}",
                str(grids),
                str(barriers),
                f"{wall:.3f}",
                f"{cpu:.3f}",
                f"{redraw:.2f}",
                f"{_peak_mb():.0f}",
            )
        )
    note = "New grids: a tenth of the houses moved, at most 500, borders smoothed. Memory: peak of the program."
    head = ("houses", "grids", "barriers", "fabric s", "CPU s", "new grids s", "peak MB")
    return [Table("Fabric", note, head, rows)]


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def dirty_part() -> list[Table]:
    """500 towns as an office might hand them over."""
    faults: dict[str, int] = dict.fromkeys(FAULTS, 0)
    units = 0
    for seed in range(500):
        rng = np.random.default_rng(seed)
        town = make_town(
            rng,
            houses=int(rng.integers(60, 400)),
            grids=int(rng.integers(3, 14)),
            communities=int(rng.integers(1, 3)),
            barriers=int(rng.integers(0, 5)),
        )
        fabric = build_fabric(soil(rng, town), town.house_xy, barriers=town.barriers)
        units += len(fabric.units)
        grid_of = _random_moves(fabric, rng, len(fabric.units) // 8)
        for name, count in faults_of(fabric, grid_of).items():
            faults[name] += count
    note = (
        f"500 towns of 60 to 400 houses with overlaps, hairline gaps, spikes, shifted grids and "
        f"barriers: {units:,} units, and their grids after random moves, plain and smoothed."
    )
    return [
        Table("Dirty input", note, ("fault", "found"), [(k, str(v)) for k, v in faults.items()])
    ]


def seeds_part() -> list[Table]:
    """200 towns: at 1 %, or a reason."""
    reached, explained, silent, gaps = 0, 0, 0, []
    kinds: dict[str, int] = {}
    for seed in range(200):
        rng = np.random.default_rng(60_000 + seed)
        c = case(
            60_000 + seed,
            houses=int(rng.integers(500, 2000)),
            grids=int(rng.integers(8, 40)),
            communities=int(rng.integers(1, 8)),
        )
        result = _solve(c, NORMAL, seed)
        late = [r for r in result.communities if not r.reached]
        why = {reason.community for reason in result.infeasible}
        reached += not late
        explained += bool(late) and all(r.community in why for r in late)
        silent += any(r.community not in why for r in late)
        for reason in result.infeasible:
            kinds[reason.kind] = kinds.get(reason.kind, 0) + 1
        if not late:
            gaps.append(result.gap)
    rows = [
        ("every community at 1 %", str(reached)),
        ("a community missed it, with its reason", str(explained)),
        ("a community missed it, without a reason", str(silent)),
        ("over the bound where reached, median %", f"{100 * np.median(gaps):.2f}"),
        *[(f"reason: {kind}", str(count)) for kind, count in sorted(kinds.items())],
    ]
    note = "200 towns of 500 to 2,000 houses and 8 to 40 grids, tolerance 1 %."
    return [Table("Seeded towns", note, ("outcome", "towns or communities"), rows)]


TITLES = ("Town", "City", "Live, one community", "Fabric", "Dirty input", "Seeded towns")
PARTS = {
    "town": town_part,
    "city": city_part,
    "live": live_part,
    "fabric": fabric_part,
    "dirty": dirty_part,
    "seeds": seeds_part,
}


def _solve(c: Case, search: Search, seed: int) -> Any:
    return rebalance(
        c.graph,
        c.workload_min,
        c.grid_of,
        community_of=c.community_of,
        search=search,
        rng=np.random.default_rng(seed),
    )


def _solved_row(
    name: str, c: Case, search: Search, seed: int, *, reached: bool = False
) -> tuple[str, ...]:
    result, wall, cpu = seconds(lambda: _solve(c, search, seed))
    scores = result.compactness_of
    row = (
        name,
        f"{wall:.2f}",
        f"{cpu:.2f}",
        f"{100 * result.gap:.2f}",
        f"{100 * max(r.max_deviation for r in result.communities if r.reached):.2f}",
        f"{result.compactness:.3f}",
        f"{scores.min():.3f}",
        f"{100 * result.moved_cost / c.workload_min.sum():.1f}",
    )
    if not reached:
        return row
    proven = sum(reason.kind == "out of reach" for reason in result.infeasible)
    at = sum(r.reached for r in result.communities)
    return (*row, f"{at} of {len(result.communities)}", str(proven))


def _today_row(name: str, c: Case) -> tuple[str, ...]:
    return _row(name, c, c.grid_of, "", "")


def _peer_row(name: str, c: Case, peer: balance_peers.Peer) -> tuple[str, ...]:
    plan, wall, cpu = seconds(lambda: balance_peers.divided(peer, c))
    return _row(name, c, plan, f"{wall:.2f}", f"{cpu:.2f}")


def _row(name: str, c: Case, plan: Array, wall: str, cpu: str) -> tuple[str, ...]:
    k = int(c.grid_of.max()) + 1
    load = np.bincount(plan, c.workload_min, minlength=k)
    community = np.zeros(k, dtype=int)
    community[c.grid_of] = c.community_of
    mean = (np.bincount(community, load) / np.bincount(community))[community]
    scores = c.graph.compactness(plan, k)
    broken = int(c.graph.pieces(plan).max()) + 1 - k
    moved = c.workload_min[plan != c.grid_of].sum() / c.workload_min.sum()
    return (
        name + (f" ({broken} pieces too many)" if broken else ""),
        wall,
        cpu,
        "",
        f"{100 * np.abs(load / mean - 1).max():.2f}",
        f"{np.nanmean(scores):.3f}",
        f"{np.nanmin(scores):.3f}",
        f"{100 * moved:.1f}",
    )


def _drag(c: Case) -> tuple[list[tuple[float, float]], list[bool]]:
    rng = np.random.default_rng(3)
    times, reached = [], []
    for community in range(int(c.community_of.max()) + 1):
        live = LiveCommunity(
            c.graph, c.workload_min, c.grid_of, community_of=c.community_of, community=community
        )
        inner = c.graph.subgraph(live.units)
        rows = inner.rows()
        plan = c.grid_of[live.units]
        held = np.zeros(len(plan), dtype=bool)
        for _ in range(8):
            border = np.flatnonzero(plan[rows] != plan[inner.indices])
            if not len(border):
                break
            e = rng.choice(border)
            plan = plan.copy()
            plan[rows[e]] = plan[inner.indices[e]]
            held[rows[e]] = True
            answer, wall, cpu = seconds(partial(live.solve, plan, held, rng=rng))
            times.append((wall, cpu))
            reached.append(answer.reached)
            plan = answer.grid_of
    return times, reached


def _random_moves(fabric: Fabric, rng: np.random.Generator, count: int) -> Array:
    """Moves over borders after which every grid has no more pieces than before."""
    graph = fabric.graph()
    grid_of = fabric.grid_of.copy()
    for u in rng.permutation(graph.unit_count):
        if count <= 0:
            break
        near = graph.indices[graph.indptr[u] : graph.indptr[u + 1]]
        other = np.unique(grid_of[near][grid_of[near] != grid_of[u]])
        kin = near[grid_of[near] == grid_of[u]]
        if not len(other) or not len(kin):
            continue
        mine = np.flatnonzero(grid_of == grid_of[u])
        rest = mine[mine != u]
        label = np.zeros(len(rest), dtype=np.int64)
        if (
            graph.subgraph(rest).pieces(label).max()
            == graph.subgraph(mine).pieces(np.zeros(len(mine), dtype=np.int64)).max()
        ):
            grid_of[u] = rng.choice(other)
            count -= 1
    return grid_of


def _page(tables: list[Table]) -> str:
    """The page with the sections of these tables replaced, others kept, in the order of the parts."""
    sections = {}
    if PAGE.exists():
        for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
            sections[section.split("\n")[0]] = "## " + section.rstrip("\n") + "\n"
    sections |= {table.title: table.text() for table in tables}
    head = (
        "# Rebalancing and fabric\n\nWritten by `scripts/bench balance` from what it measured. One "
        f"thread on {platform.machine()}, {os.cpu_count()} cores shared with other work: wall "
        "seconds are noisy, so compare CPU seconds, and rows of one table with each other. Peers "
        "stand in the tables where they could be imported.\n"
    )
    return "\n".join([head, *(sections[title] for title in TITLES if title in sections)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="parts to run")
    parser.add_argument("--write", action="store_true", help="write the page from these parts")
    wanted = parser.parse_args()
    _solve(case(1, houses=200, grids=6, communities=2), FAST, 1)  # compiles
    for name in wanted.parts or PARTS:
        tables = PARTS[name]()
        print("\n".join(table.text() for table in tables), flush=True)
        if wanted.write or not wanted.parts:
            PAGE.parent.mkdir(parents=True, exist_ok=True)
            PAGE.write_text(_page(tables), encoding="utf-8")


if __name__ == "__main__":
    main()
