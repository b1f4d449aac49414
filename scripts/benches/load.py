"""Loads generated houses and attaches them, beside bare COPY of the same file.

scripts/bench load [--houses N ...] prints rows a second and peak memory of the loading process; the
store is a private cluster of its own in a temporary folder, with the settings of the product.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import create_engine, text

from gisgrid.core.plans import plan_in_force, plan_named, township
from gisgrid.db import migrate
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import raw, transaction
from gisgrid.files.columns import Mapping
from gisgrid.loading.load import load
from gisgrid.loading.prepare import Order
from gisgrid.locate.addresses.gazetteer import index_addresses
from gisgrid.planning.attach.attach import attach
from gisgrid.planning.review.publish import publish

ROOT = Path(__file__).resolve().parents[2]


def measured(work: Callable[..., Any], *args: Any) -> tuple[float, float, Any]:
    """Seconds, peak megabytes and answer of a function run in a process of its own."""
    context = multiprocessing.get_context("spawn")
    queue: Any = context.SimpleQueue()
    process = context.Process(target=_child, args=(queue, work, args))
    process.start()
    answer = queue.get()
    process.join()
    if isinstance(answer, BaseException):
        raise answer
    return answer  # type: ignore[no-any-return]


def _child(queue: Any, work: Callable[..., Any], args: tuple[Any, ...]) -> None:
    try:
        start = time.perf_counter()
        answer = work(*args)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        queue.put((seconds, peak, answer))
    except BaseException as exc:  # the parent raises it again
        queue.put(exc)


def write_houses(source: Path, houses: int, target: Path) -> Path:
    """The first houses of a town, or all of them again and again a few metres apart."""
    town = pd.read_csv(source, dtype=str)
    lon, lat = (town[name].astype(float).to_numpy() for name in ("lon", "lat"))
    rng = np.random.default_rng(1)
    for copy in range(-(-houses // len(town))):
        rows = town.iloc[: houses - copy * len(town)].copy()
        if copy:
            rows["code"] = rows["code"] + f"{copy:03d}"
            rows["address"] = rows["address"] + f"{copy}幢"
            for name, at in (("lon", lon), ("lat", lat)):
                shifted = at[: len(rows)] + rng.normal(0, 5e-5, len(rows))
                rows[name] = np.char.mod("%.7f", shifted)
        rows.to_csv(target, index=False, header=not copy, mode="a" if copy else "w")
    return target


def copy_alone(url: str, path: str) -> None:
    """The file as it is into a table of texts, and no more."""
    with transaction(create_engine(url)) as session:
        session.execute(
            text(
                "CREATE TABLE bare (code text, address text, community text, lon float8, lat float8)"
            )
        )
        with (
            Path(path).open("rb") as source,
            raw(session).cursor() as cursor,
            cursor.copy("COPY bare FROM STDIN (FORMAT csv, HEADER)") as copy,
        ):
            while block := source.read(1 << 20):
                copy.write(block)


def load_file(url: str, kind: str, path: str, **details: Any) -> str:
    with transaction(create_engine(url)) as session:
        report = load(session, Order(kind=kind, path=Path(path), who="bench", **details))
    return (
        f"{report.read} read, {report.inserted} added, {report.updated} changed, "
        f"{len(report.rejected.rows())} refused"
    )


def load_houses(url: str, path: str) -> str:
    return load_file(url, "houses", path, mapping=Mapping(crs="wgs84"), search_keys=False)


def index_houses(url: str) -> str:
    with transaction(create_engine(url)) as session:
        return f"{index_addresses(session, township(session).id)} keys"


def attach_houses(url: str) -> str:
    with transaction(create_engine(url)) as session:
        place = township(session)
        plan = plan_in_force(session, place.id)
        session.execute(text("DELETE FROM house_grid"))
        return str(attach(session, plan.id, "house"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench load", description=__doc__)
    parser.add_argument("--houses", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument(
        "--town", type=Path, help="a town made before: scripts/make_town --scale 100000"
    )
    args = parser.parse_args()
    for houses in args.houses:
        with tempfile.TemporaryDirectory(prefix="gg") as folder:
            Path(folder).chmod(0o755)  # the server may run as another user
            bench(houses, Path(folder), args.town)


def bench(houses: int, folder: Path, town: Path | None) -> None:
    files = town or folder / "town"
    if town is None:
        make = [str(ROOT / "scripts/make_town"), "--scale", "100000", "--out", str(files)]
        subprocess.run(make, check=True)
    cluster = Cluster.at(folder / "home")
    cluster.start()
    try:
        url = cluster.url()
        migrate.upgrade(create_engine(url))
        load_file(url, "areas", str(files / "boundaries/areas.geojson"))
        load_file(url, "grids", str(files / "boundaries/grids.geojson"), plan="bench")
        with transaction(create_engine(url)) as session:
            plan = plan_named(session, township(session).id, "bench")
            publish(session, plan.id, date(2022, 9, 1))
            grids = plan.grids
        path = str(write_houses(files / "register/houses.csv", houses, folder / "houses.csv"))
        rows = [
            ("COPY alone", *measured(copy_alone, url, path)),
            ("load and attach", *measured(load_houses, url, path)),
            ("load again (nothing new)", *measured(load_houses, url, path)),
            ("attach alone", *measured(attach_houses, url)),
            ("keys of the address search", *measured(index_houses, url)),
        ]
    finally:
        cluster.stop()
    base = rows[0][1]
    print(f"\n{houses:,} houses, {grids:,} grids")
    print("| step | s | rows/s | × COPY | peak MB | |\n|---|---|---|---|---|---|")
    for name, seconds, peak, answer in rows:
        print(
            f"| {name} | {seconds:.2f} | {houses / seconds:,.0f} | {seconds / base:.1f} "
            f"| {peak:.0f} | {answer or ''} |"
        )


if __name__ == "__main__":
    main()
