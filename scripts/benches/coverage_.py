"""How long does it take to check and weigh a town of 100,000 houses? Writes docs/benchmarks/coverage.md.

The town is made by scripts/make_town --scale and loaded into a private store of its own, which is
removed afterwards. Loading is not measured here.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import create_engine, text

from gisgrid.balance.weights import Weights
from gisgrid.core.limits import Limits
from gisgrid.core.plans import plan_in_force, plan_named, township
from gisgrid.db import migrate
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.files.columns import Mapping
from gisgrid.loading.load import load
from gisgrid.loading.prepare import Order
from gisgrid.planning.checks.checks import CHECKS, run_checks, station_sites
from gisgrid.planning.checks.shapes import Ground
from gisgrid.planning.review.publish import publish
from gisgrid.planning.settings.townships import change_township
from gisgrid.planning.snapshot.fetch import plan_state
from gisgrid.planning.snapshot.snapshot import PlanState, Stations
from gisgrid.planning.workload.workload import loads

ROOT = Path(__file__).resolve().parents[2]
DAY, FIRST_DAY = date(2023, 8, 31), date(2022, 9, 1)
FILES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("streets", "boundaries/streets.geojson", {}),
    ("grids", "boundaries/grids.geojson", {"plan": "2022"}),
    ("houses", "register/houses.csv", {}),
    ("households", "register/households.csv", {}),
    ("residents", "register/residents.csv", {}),
    ("staff", "staff/staff.csv", {}),
    ("matters", "matters/matters.csv", {"version": "1", "since": FIRST_DAY}),
    ("events", "events/events.csv", {}),
)


@dataclass(frozen=True)
class Seconds:
    """Wall clock, and what this process computed in it; other processes share the machine."""

    wall: float
    cpu: float

    def __add__(self, other: Seconds) -> Seconds:
        return Seconds(self.wall + other.wall, self.cpu + other.cpu)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench coverage", description=__doc__)
    parser.add_argument("--houses", type=int, default=100_000)
    parser.add_argument("--town", type=Path, help="folder of a town that is made already")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/benchmarks/coverage.md")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gg") as folder:
        Path(folder).chmod(0o755)
        town = args.town or make_town(Path(folder) / "town", args.houses)
        cluster = Cluster.at(Path(folder) / "home", fsync="off", synchronous_commit="off")
        cluster.start()
        try:
            state, read_s = filled(cluster, town)
            lines = measured(with_stations(state), read_s)
        finally:
            cluster.stop()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    return 0


def make_town(folder: Path, houses: int) -> Path:
    subprocess.run(
        [str(ROOT / "scripts/make_town"), "--scale", str(houses), "--out", str(folder)], check=True
    )
    return folder


def filled(cluster: Cluster, town: Path) -> tuple[PlanState, Seconds]:
    """The town loaded, read as arrays, and how long the reading took."""
    engine = create_engine(cluster.url())
    migrate.upgrade(engine)
    with transaction(engine) as session:
        areas = Order("areas", town / "boundaries/areas.geojson", mapping=Mapping(), who="bench")
        load(session, areas)
        change_township(session, township(session).code, ["code_scheme=gb"])
        for kind, name, details in FILES:
            crs = "wgs84" if kind in ("houses", "events") else None
            order = Order(kind, town / name, mapping=Mapping(crs=crs), who="bench", **details)
            report = load(session, order)
            print(f"{kind}: {report.inserted} loaded", file=sys.stderr)
            if kind == "grids":
                plan = plan_named(session, township(session).id, "2022")
                publish(session, plan.id, FIRST_DAY)
    with engine.connect() as connection:
        # As the server's own housekeeping does within a minute.
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))
    with transaction(engine, read_only=True) as session:
        place = township(session)
        plan = plan_in_force(session, place.id)
        state, read_s = timed(lambda: plan_state(session, place, plan, DAY))
    engine.dispose()
    return state, read_s


def with_stations(state: PlanState) -> PlanState:
    """A station for everyone at a house of every fourth community, which the town's files lack."""
    rows = np.flatnonzero(state.houses.grid >= 0)
    home = state.grids.community[state.houses.grid[rows]]
    first = rows[np.unique(home, return_index=True)[1]][::4]
    names = state.houses.code[first]
    everyone = np.full(len(first), "", dtype=object)
    return replace(state, stations=Stations(names, names, state.houses.xy_m[first], everyone))


def measured(state: PlanState, read_s: Seconds) -> list[str]:
    rows = [("read from the store as arrays", read_s, "")]
    ground = Ground(state, Limits())
    every, all_s = timed(lambda: run_checks(state, Limits(), ground=ground))
    for check, result in zip(CHECKS, every, strict=True):
        _, seconds = timed(lambda name=check.name: run_checks(state, Limits(), only=[name]))  # type: ignore[misc]
        rows.append(
            (f"check `{check.name}` alone", seconds, f"{result.status}, {len(result.findings)}")
        )
    sites, sites_s = timed(lambda: station_sites(ground))
    _, straight_s = timed(lambda: loads(state, Weights(), by_street=False))
    _, street_s = timed(lambda: loads(state, Weights()))
    rows += [
        ("**all checks**", all_s, f"{sum(len(r.findings) for r in every)} places"),
        ("sites for three new stations", sites_s, f"{len(sites.findings)}"),
        ("**reading, all checks, sites**", read_s + all_s + sites_s, "goal: under 20 s"),
        ("workload, straight walks", straight_s, ""),
        ("workload along the streets", street_s, f"{len(state.streets)} streets"),
    ]
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        "# Coverage and workload",
        "",
        "Written by `scripts/bench coverage`. A synthetic town from `scripts/make_town --scale`: "
        f"{len(state.houses.code):,} houses, {int(state.houses.residents.sum()):,} residents, "
        f"{len(state.grids.code):,} grids, {len(state.events.day):,} events, "
        f"{len(state.stations.code)} stations. One process, one "
        "thread; wall-clock seconds on a shared machine of two cores, single readings: take them "
        "as orders of magnitude. CPU: of this process, without the database server.",
        "",
        "| what | s | CPU s | answer, places |",
        "|---|---:|---:|---|",
        *(
            f"| {what} | {seconds.wall:.2f} | {seconds.cpu:.2f} | {answer} |"
            for what, seconds, answer in rows
        ),
        "",
        f"Largest memory of the process, with loading: {peak_mb:.0f} MB.",
    ]


def timed(work: Callable[[], Any]) -> tuple[Any, Seconds]:
    start, start_cpu = time.perf_counter(), time.process_time()
    out = work()
    return out, Seconds(time.perf_counter() - start, time.process_time() - start_cpu)


if __name__ == "__main__":
    sys.exit(main())
