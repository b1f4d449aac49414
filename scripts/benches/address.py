"""Finds real addresses after seeded damage: how often right, how sure, how fast.

scripts/bench address [--sample N] [--million N] [--write FILE] uses the door plates of Taipei and
the addresses of Boston in the folder that GISGRID_REAL_DATA names, and a private cluster of its own
in a temporary folder, with the settings of the product.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, create_engine, text

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from gisgrid.db import migrate  # noqa: E402
from gisgrid.db.cluster import Cluster  # noqa: E402
from gisgrid.db.store import transaction  # noqa: E402
from gisgrid.locate.addresses.gazetteer import index_addresses  # noqa: E402
from gisgrid.locate.addresses.normal import fold, reader  # noqa: E402
from gisgrid.locate.addresses.search import AddressAnswer, search  # noqa: E402
from tests.support.addresses import DAMAGES, Door, boston, damaged, fill, invented, taipei  # noqa: E402

SURE = 0.9


@dataclass(frozen=True)
class Try:
    """One search and what came of it."""

    level: str
    kind: str
    right: bool
    confidence: float
    """Of the first candidate; 0: none."""
    other: bool
    """What was asked for is, letter for letter, another address of the register."""
    ms: float
    cpu_ms: float
    """On a processor, this program and the server together: what is left when nobody else computes."""
    asked: str = ""
    meant: str = ""
    got: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench address", description=__doc__)
    parser.add_argument("--sample", type=int, default=3000, help="searches per city and level")
    parser.add_argument("--million", type=int, default=1_000_000, help="0: leave that part out")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--show", type=int, default=0, help="print so many wrong answers per level")
    parser.add_argument("--write", type=Path, help="also write the tables into this file")
    args = parser.parse_args()
    data = Path(os.environ.get("GISGRID_REAL_DATA", ROOT / "../shared/data"))
    cities = {"Taipei": taipei(data), "Boston": boston(data)}
    with tempfile.TemporaryDirectory(prefix="gg") as folder:
        Path(folder).chmod(0o755)  # the server may run as another user
        cluster = Cluster.at(Path(folder) / "home")
        cluster.start()
        try:
            out = bench(cluster.url(), cities, args)
        finally:
            cluster.stop()
    when = f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.machine()}"
    load = f"{os.getloadavg()[2]:.1f} programs wanted a core in the last 15 minutes"
    report = "\n".join([f"{when}; {load}.", "", *out])
    print(report)
    if args.write:
        args.write.write_text(HEAD + report + "\n", encoding="utf-8")


def bench(url: str, cities: dict[str, list[Door]], args: argparse.Namespace) -> list[str]:
    engine = create_engine(url)
    migrate.upgrade(engine)
    rng = np.random.default_rng(args.seed)
    stores, absent = {}, {}
    for name, doors in cities.items():
        stores[name], absent[name] = parted(doors, rng)
    if args.million:
        pool = stores["Boston"] + stores["Taipei"]
        while len(pool) < args.million:
            pool += invented(cities["Taipei"], rng)
        name = f"{len(pool):,}"
        stores[name], absent[name] = pool, absent["Taipei"] + absent["Boston"]
    made, levels, kinds, missing = [MADE_HEAD], [LEVEL_HEAD], [KIND_HEAD], [ABSENT_HEAD]
    every: list[Try] = []
    for name, doors in stores.items():
        township_id, row = indexed(engine, name, doors)
        made.append(row)
        source = doors if name in cities else stores["Taipei"] + stores["Boston"]
        run = Run(engine, township_id, doors, rng)
        tries = run.tried(source, args.sample)
        levels += [level_row(name, level, of) for level, of in by(tries, "level")]
        kinds += [kind_row(name, kind, of) for kind, of in by(tries, "kind")]
        gone = [
            run.one(d, "absent", "", d.written) for d in sampled(absent[name], args.sample, rng)
        ]
        missing.append(absent_row(name, gone))
        every += tries
        for of in [of for _, of in by(tries, "level")] + [
            [t for t in gone if t.confidence >= SURE]
        ]:
            for t in [t for t in of if not t.right and not t.other][: args.show]:
                print(
                    f"{t.level} {t.kind}: {t.asked!r} meant {t.meant!r} got {t.got!r} {t.confidence:.2f}"
                )
    tables = (made, levels, kinds, missing, sure_rows(every))
    return [line for table in tables for line in (*table, "")]


def parted(doors: Sequence[Door], rng: np.random.Generator) -> tuple[list[Door], list[Door]]:
    """The doors of the store, and one address in fifty that is left out of it."""
    same = sorted({d.same for d in doors})
    out = {s for s, r in zip(same, rng.random(len(same)).tolist(), strict=True) if r < 0.02}
    return [d for d in doors if d.same not in out], [d for d in doors if d.same in out]


def sampled(doors: Sequence[Door], sample: int, rng: np.random.Generator) -> list[Door]:
    return [doors[i] for i in rng.integers(len(doors), size=sample).tolist()]


def indexed(engine: Engine, name: str, doors: Sequence[Door]) -> tuple[int, str]:
    """The township's id, and a row about making its keys."""
    with transaction(engine) as session:
        township = fill(session, name, doors)
    times = []
    for _ in range(2):
        start = time.perf_counter()
        with transaction(engine) as session:
            index_addresses(session, township)
        times.append(time.perf_counter() - start)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
        c.execute(text("VACUUM ANALYZE house, address_key, address_street"))
        streets = c.scalar(
            text("SELECT count(*) FROM address_street WHERE township_id = :t"), {"t": township}
        )
    return township, (
        f"| {name} | {len(doors):,} | {streets:,} | {times[0]:.1f} | {len(doors) / times[0]:,.0f} "
        f"| {times[1]:.1f} |"
    )


class Run:
    """Searches in one township, each in a transaction of its own, as a request makes it."""

    def __init__(
        self, engine: Engine, township_id: int, doors: Sequence[Door], rng: np.random.Generator
    ) -> None:
        self.engine, self.township_id, self.doors, self.rng = engine, township_id, doors, rng
        self.read = reader({fold(d.community) for d in doors})
        self.same_of: dict[tuple[str, str], set[tuple[str, ...]]] = defaultdict(set)
        for door in doors:
            reading = self.read(door.written)
            self.same_of[reading.street, reading.number].add(door.same)

    def tried(self, source: Sequence[Door], sample: int) -> list[Try]:
        """``sample`` searches for each of no, one and two damages, doors and damages drawn evenly."""
        out = []
        for count, level in enumerate(("none", "once", "twice")):
            for door in sampled(source, sample, self.rng):
                names = [str(n) for n in self.rng.choice(list(DAMAGES), count, replace=False)]
                asked = damaged(door, names, self.rng)
                out.append(self.one(door, level, names[0] if count == 1 else "", asked))
        return out

    def one(self, door: Door, level: str, kind: str, asked: str) -> Try:
        with self.engine.connect() as c:
            pid = c.scalar(text("SELECT pg_backend_pid()"))
        before, wall, own = on_cpu_ms(pid), time.perf_counter(), time.process_time()
        with transaction(self.engine, read_only=True) as session:
            answer = search(session, self.township_id, asked)
        ms = (time.perf_counter() - wall) * 1000
        cpu_ms = (time.process_time() - own) * 1000 + on_cpu_ms(pid) - before
        got = first(answer, self.doors)
        reading = self.read(asked)
        meant = self.same_of.get((reading.street, reading.number), set())
        return Try(
            level=level,
            kind=kind,
            right=got is not None and got.same == door.same,
            confidence=answer.candidates[0].confidence if answer.candidates else 0.0,
            other=bool(meant - {door.same}),
            ms=ms,
            cpu_ms=cpu_ms,
            asked=asked,
            meant=door.written,
            got=got.written if got else "",
        )


def on_cpu_ms(pid: int) -> float:
    """Milliseconds that a process has run so far."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6


def first(answer: AddressAnswer, doors: Sequence[Door]) -> Door | None:
    if not answer.candidates or answer.candidates[0].code is None:
        return None
    return doors[int(answer.candidates[0].code)]


def by(tries: Iterable[Try], what: str) -> list[tuple[str, list[Try]]]:
    groups: dict[str, list[Try]] = {}
    for t in tries:
        groups.setdefault(getattr(t, what), []).append(t)
    return [(key, of) for key, of in groups.items() if key]


MADE_HEAD = "| store | addresses | streets | keys made in s | rows/s | again in s |\n|---|---|---|---|---|---|"
LEVEL_HEAD = (
    "| store | damaged | top 1 right | of those that hit no other address | hit another "
    "| answered (≥ 0.9) | right of answered | ms: p50, p95, p99 | CPU ms: p50, p95, p99 |\n"
    "|---|---|---|---|---|---|---|---|---|"
)
KIND_HEAD = "| store | one damage | searches | top 1 right | hit another |\n|---|---|---|---|---|"
ABSENT_HEAD = "| store | addresses that are not in it | answered (≥ 0.9) |\n|---|---|---|"
SURE_HEAD = "| confidence | answers | right |\n|---|---|---|"


def level_row(name: str, level: str, of: Sequence[Try]) -> str:
    sure = [t for t in of if t.confidence >= SURE]
    fair = [t for t in of if not t.other]
    return (
        f"| {name} | {level} | {share(t.right for t in of)} "
        f"| {share(t.right for t in fair)} | {share(t.other for t in of)} "
        f"| {len(sure) / len(of):.1%} | {share(t.right for t in sure)} "
        f"| {spread([t.ms for t in of])} | {spread([t.cpu_ms for t in of])} |"
    )


def absent_row(name: str, of: Sequence[Try]) -> str:
    return f"| {name} | {len(of):,} | {share(t.confidence >= SURE for t in of)} |"


def sure_rows(tries: Sequence[Try]) -> list[str]:
    rows = [SURE_HEAD]
    for low, high in ((0.0, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 0.95), (0.95, 0.99), (0.99, 1.01)):
        of = [t for t in tries if low <= t.confidence < high]
        rows.append(
            f"| {low:.2f} to {min(high, 1):.2f} | {len(of):,} | {share(t.right for t in of)} |"
        )
    sure = [t for t in tries if t.confidence >= SURE]
    return [*rows, f"| {SURE} and more | {len(sure):,} | {share(t.right for t in sure)} |"]


def spread(values: Sequence[float]) -> str:
    return ", ".join(f"{v:.1f}" for v in np.percentile(values, [50, 95, 99]))


def kind_row(name: str, kind: str, of: Sequence[Try]) -> str:
    return (
        f"| {name} | {kind} | {len(of):,} | {share(t.right for t in of)} "
        f"| {share(t.other for t in of)} |"
    )


def share(flags: Iterable[bool]) -> str:
    values = list(flags)
    return f"{sum(values) / len(values):.1%}" if values else "–"


HEAD = """# Address search

Written by `scripts/bench address` from what it measured: door plates of Taipei and addresses of Boston in a
township each, and both together with invented streets (Taipei's numbers under other names) up to a million.
CPU milliseconds are what the searching program and its database process were on a processor for. A search is
one read-only transaction.

Every fiftieth address is left out of the store and asked for to see how often another house is answered; in
Boston those answers are houses whose range of numbers holds the one asked, so most are right on the ground.
Right is: the same district or postcode and the same text, whatever its width, since the sources list many
addresses several times. An address damaged so that it is, letter for letter, another one of the store counts
as wrong under "top 1 right", and is left out only in the column after it. Damages of one character fall on
any character; a wrong or lost digit of a house number often cannot be undone, and then houses are asked about.

"""

if __name__ == "__main__":
    main()
