"""The locator beside what a user could take instead, on the same polygons and points.

scripts/bench locate [--points N ...] [--polygons N ...] [--peers NAME ...] [--no-single]
[--no-adversarial] [--out FILE] prints markdown tables: seconds, ratio to the locator on one thread,
and on how many points the answers differ. Every time is the best of several runs in one process.
PostGIS is the server of DATABASE_URL, or a private one in a temporary folder.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from locate_sets import adversarial, builds, machine, singles
from measuring import Case, best
from numba import njit
from partitions import partition, points
from sqlalchemy import create_engine, text

from gisgrid.db.cluster import Cluster
from gisgrid.locate.locator import Locator, warm

Answer = npt.NDArray[np.int64]
VERTICES = {1000: 200, 10_000: 100}
MOST_FOR_POSTGIS = 1_000_000


def lowest(count: int, point: npt.ArrayLike, polygon: npt.ArrayLike) -> Answer:
    """One answer per point from pairs: the lowest polygon, -1 for none."""
    out = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(out, np.asarray(point), np.asarray(polygon, np.int64))
    return np.where(out == np.iinfo(np.int64).max, -1, out)


def geopandas_peer(case: Case) -> Iterator[Callable[[], Answer]]:
    grids = gpd.GeoDataFrame({"grid": np.arange(len(case.polygons))}, geometry=case.polygons)
    places = gpd.GeoDataFrame(geometry=gpd.points_from_xy(case.lon, case.lat))

    def run() -> Answer:
        joined = gpd.sjoin(places, grids, predicate="within")
        return lowest(len(places), joined.index, joined["grid"])

    yield run


def shapely_peer(case: Case) -> Iterator[Callable[[], Answer]]:
    tree = shapely.STRtree(case.polygons)
    shapely.prepare(case.polygons)

    def run() -> Answer:
        at, grid = tree.query(shapely.points(case.lon, case.lat))
        inside = shapely.intersects_xy(case.polygons[grid], case.lon[at], case.lat[at])
        return lowest(len(case.lon), at[inside], grid[inside])

    yield run


def gather_peer(case: Case) -> Iterator[Callable[[], Answer]]:
    """Cell number and one read from a table as large as the locator's: the least a lookup can do."""
    locator = Locator.build(case.polygons, codes_for(case))
    side = int(len(locator.index.hot) ** 0.5)
    table = np.random.default_rng(1).integers(0, len(case.polygons), side * side, np.int32)
    west, south, east, north = shapely.total_bounds(case.polygons)
    margin = 0.01 * max(east - west, north - south)
    frame = (west - margin, south - margin)
    per = (side / (east - west + 2 * margin), side / (north - south + 2 * margin))
    out = np.empty(len(case.lon), np.int32)

    def run() -> Answer:
        cell_and_gather(case.lon, case.lat, frame, per, side, table, out)
        return out.astype(np.int64)

    run()
    yield lambda: cell_and_gather(case.lon, case.lat, frame, per, side, table, out)


@njit(cache=True)
def cell_and_gather(  # type: ignore[no-untyped-def]  # noqa: PLR0917
    lon, lat, frame, per, side, table, out
):
    for i in range(len(lon)):
        column, row = np.int64((lon[i] - frame[0]) * per[0]), np.int64((lat[i] - frame[1]) * per[1])
        out[i] = table[np.uint64(row * side + column)]


def postgis_peer(case: Case) -> Iterator[Callable[[], Answer]]:
    """Polygons outside, points inside under a GiST index; all is rolled back at the end."""
    with database() as url, create_engine(url).connect() as connection:
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS postgis"))
        connection.execute(
            text("CREATE UNLOGGED TABLE cell (id int, geom geometry(Geometry, 4326))")
        )
        connection.execute(text("CREATE UNLOGGED TABLE spot (id int, geom geometry(Point, 4326))"))
        cursor = connection.connection.cursor()
        with cursor.copy("COPY cell FROM STDIN") as copy:
            shapes = shapely.set_srid(case.polygons, 4326)
            for i, code in enumerate(shapely.to_wkb(shapes, hex=True, include_srid=True)):
                copy.write_row((i, code))
        with cursor.copy("COPY spot FROM STDIN") as copy:
            spots = shapely.set_srid(shapely.points(case.lon, case.lat), 4326)
            for i, code in enumerate(shapely.to_wkb(spots, hex=True, include_srid=True)):
                copy.write_row((i, code))
        connection.execute(text("CREATE INDEX ON spot USING gist (geom)"))
        connection.execute(text("ANALYZE spot"))
        query = """
            CREATE UNLOGGED TABLE found AS
            SELECT s.id AS spot, c.id AS cell FROM cell c CROSS JOIN LATERAL (
                SELECT id FROM spot WHERE ST_Covers(c.geom, spot.geom) OFFSET 0) s"""

        def run() -> Answer:
            connection.execute(text("DROP TABLE IF EXISTS found"))
            connection.execute(text(query))
            pairs = np.array(connection.execute(text("SELECT spot, cell FROM found")).all())
            return lowest(len(case.lon), pairs[:, 0], pairs[:, 1])

        yield run
        connection.rollback()


def sedonadb_peer(case: Case) -> Iterator[Callable[[], Answer]]:
    import sedonadb  # noqa: PLC0415

    engine = sedonadb.connect()
    ids = {"cell": np.arange(len(case.polygons))}
    engine.create_data_frame(gpd.GeoDataFrame(ids, geometry=case.polygons)).to_view("cells")
    spots = gpd.points_from_xy(case.lon, case.lat)
    frame = gpd.GeoDataFrame({"spot": np.arange(len(spots))}, geometry=spots)
    engine.create_data_frame(frame).to_view("spots")
    query = "SELECT spot, cell FROM spots JOIN cells ON ST_Within(spots.geometry, cells.geometry)"

    def run() -> Answer:
        pairs = engine.sql(query).to_pandas()
        return lowest(len(case.lon), pairs["spot"], pairs["cell"])

    yield run


def duckdb_peer(case: Case) -> Iterator[Callable[[], Answer]]:
    import duckdb  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    connection = duckdb.connect()
    try:
        connection.execute("LOAD spatial")
    except duckdb.Error as error:  # fetched from its maker's server: not part of the package
        raise ImportError(str(error)) from error
    connection.register("raw", pd.DataFrame({"wkb": shapely.to_wkb(case.polygons)}))
    connection.execute("CREATE TABLE cells AS SELECT ST_GeomFromWKB(wkb) AS geom FROM raw")
    connection.register("raw_spots", pd.DataFrame({"x": case.lon, "y": case.lat}))
    connection.execute("CREATE TABLE spots AS SELECT ST_Point(x, y) AS geom FROM raw_spots")
    query = """SELECT spots.rowid AS spot, cells.rowid AS cell
               FROM spots JOIN cells ON ST_Within(spots.geom, cells.geom)"""

    def run() -> Answer:
        pairs = connection.execute(query).df()
        return lowest(len(case.lon), pairs["spot"], pairs["cell"])

    yield run


PEERS = {
    "gather": gather_peer,
    "geopandas": geopandas_peer,
    "shapely": shapely_peer,
    "postgis": postgis_peer,
    "sedonadb": sedonadb_peer,
    "duckdb": duckdb_peer,
}
LABELS = {
    "gather": "cell number and one gather (no answer)",
    "geopandas": "geopandas sjoin(within)",
    "shapely": "Shapely tree, prepared",
    "postgis": "PostGIS, polygons outer",
    "sedonadb": "SedonaDB ST_Within join",
    "duckdb": "DuckDB spatial join",
}


@contextmanager
def database() -> Iterator[str]:
    """Address of the server to compare with."""
    if os.environ.get("DATABASE_URL"):
        yield os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")
        return
    with tempfile.TemporaryDirectory(prefix="gg") as folder:
        Path(folder).chmod(0o755)
        cluster = Cluster.at(Path(folder) / "home", fsync="off")
        cluster.start()
        try:
            yield cluster.url()
        finally:
            cluster.stop()


def codes_for(case: Case) -> list[str]:
    return [f"{i:07d}" for i in range(len(case.polygons))]


def compare(case: Case, peers: list[str]) -> list[str]:
    """Rows of the table for one case."""
    locator = Locator.build(case.polygons, codes_for(case))
    n = len(case.lon)
    answer = locator.locate_many(case.lon, case.lat).astype(np.int64)
    runs = 9 if n <= 1_000_000 else 5
    one = best(lambda: locator.locate_many(case.lon, case.lat), runs)
    two = best(lambda: locator.locate_many(case.lon, case.lat, threads=2), runs)
    rows = [
        f"| {case.name} | locator, 1 thread | {one:.4f} | {n / one / 1e6:.1f} | 1 | |",
        f"| | locator, 2 threads | {two:.4f} | {n / two / 1e6:.1f} | {two / one:.2f} | |",
    ]
    for name in peers:
        if name == "postgis" and n > MOST_FOR_POSTGIS:
            continue
        try:
            for run in PEERS[name](case):
                theirs = run()
                seconds = best(run, 1 if name == "postgis" else (runs if name == "gather" else 2))
        except ImportError:
            rows.append(f"| | {LABELS[name]} | not installed | | | |")
            continue
        differ = "" if name == "gather" else str(int((theirs != answer).sum()))
        rows.append(
            f"| | {LABELS[name]} | {seconds:.4f} | {n / seconds / 1e6:.2f} | {seconds / one:.1f} | {differ} |"
        )
    for row in rows:
        print(row, flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--points", type=int, nargs="*", default=[1_000_000])
    parser.add_argument("--polygons", type=int, nargs="*", default=[1000, 10_000])
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--no-single", action="store_true")
    parser.add_argument("--no-adversarial", action="store_true")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    warm()
    head = ["| case | method | seconds | million points/s | time / locator | differ |"]
    head.append("|---|---|---:|---:|---:|---:|")
    lines = ["# Locator", "", machine(), ""]
    sets = {m: partition(m, VERTICES.get(m, 50), np.random.default_rng(m)) for m in chosen.polygons}
    lines += ["## Build, memory, file", "", *builds(sets), ""]
    if not chosen.no_single:
        lines += ["## One point from Python", "", *singles(sets), ""]
    lines += ["## Many points", "", *head]
    for n in chosen.points:
        lon, lat = points(n, np.random.default_rng(n))
        for m, polygons in sets.items():
            lines += compare(
                Case(f"{m:,} polygons, {n:,} points", polygons, lon, lat), chosen.peers
            )
    if not chosen.no_adversarial:
        lines += ["", "## Hard sets", "", *head]
        hard_peers = [name for name in ("geopandas",) if name in chosen.peers]
        for case in adversarial(np.random.default_rng(3)):
            lines += compare(case, hard_peers)
    if chosen.out:
        chosen.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
