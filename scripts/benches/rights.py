"""What do the policies cost? Look-ups and tiles as the web process asks for them, with and without.

The same connection, the same statements, in turns: some rounds with row-level security as it is,
some with it switched off for all tables. Told is the processor time of the database server and of
this program together, per request, and the ratio; other work on the machine touches it less than the clock.
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from frame import machine, options, parsed, private_store, write_report
from sqlalchemy import Engine, text

from gisgrid.core import plans
from gisgrid.db.store import Actor, transaction
from gisgrid.locate import lookup
from gisgrid.locate.addresses.gazetteer import index_addresses
from gisgrid.locate.point_lookup import in_store
from layers import events, houses
from layers.tiles import Tile, data_version
from tests.support.accounts import appointed, web_engine
from tests.support.web import fill_town

COLUMNS, ROWS = 40, 25
A = "999901001005"
"""The community in the middle of the town."""
Request = Callable[[Engine], object]


@dataclass
class Case:
    """One kind of request, and the milliseconds of processor time of each round."""

    what: str
    who: str
    ask: Request
    with_ms: list[float] = field(default_factory=list)
    without_ms: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return statistics.median(self.with_ms) / statistics.median(self.without_ms)


def main() -> None:
    parser = options("rights", __doc__, page="docs/benchmarks/rights.md")
    parser.add_argument("--houses", type=int, default=40_000)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5, help="of each kind, with and without")
    parser.add_argument("--requests", type=int, default=20, help="of a kind in one round")
    args = parsed(parser)
    with private_store(fsync="off", synchronous_commit="off") as store:
        cases = made(store.engine, args.houses, args.events)
        measure(store.engine, cases, args.rounds, args.requests)
    write_report(args, report(cases, args.houses, args.events, args.rounds * args.requests))


def made(engine: Engine, n_houses: int, n_events: int) -> list[Case]:
    """The town, its people, and what each of them asks for."""
    with transaction(engine) as session:
        town = fill_town(session, columns=COLUMNS, rows=ROWS, houses=n_houses, events=n_events)
        index_addresses(session, town.township_id)
        grid = session.scalar(
            text("SELECT g.code FROM grid g WHERE ST_Covers(g.geom, ST_SetSRID("
                 "ST_MakePoint(120.9801, 40.7371), 4326)) LIMIT 1")
        )  # fmt: skip
        people: dict[str, int | None] = {
            "the public": None,
            "township government": town.account,
            "community clerk": appointed(session, "community_clerk", A),
            "grid worker": appointed(session, "grid_worker", grid=grid),
        }
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    cases = []
    for who, account in people.items():
        actor = Actor(account, None, "198.51.100.7")
        cases += [
            Case("look-up of a point on a day", who, partial(look_up, actor)),
            Case("look-up of an address", who, partial(look_up_address, actor)),
        ]
        for zoom in (12, 16):
            at = tile_at(zoom)
            cases += [
                Case(f"houses, zoom {zoom}", who, partial(tile, actor, houses.tile, at)),
                Case(f"open events, zoom {zoom}", who, partial(tile, actor, events.open_tile, at)),
            ]
    return cases


def look_up(actor: Actor, web: Engine) -> None:
    with transaction(web, read_only=True, timeout_s=30, actor=actor) as session:
        place = plans.township(session)
        plan = plans.plan_in_force(session, place.id)
        lookup.by_point(partial(in_store, session, place, plan), 120.9801, 40.7371)


def look_up_address(actor: Actor, web: Engine) -> None:
    with transaction(web, read_only=True, timeout_s=30, actor=actor) as session:
        place = plans.township(session)
        plan = plans.plan_in_force(session, place.id)
        find = partial(in_store, session, place, plan)
        lookup.by_address(session, place.id, find, "虚构镇虚构17路1084号")


def tile(actor: Actor, layer: Callable[..., bytes], at: Tile, web: Engine) -> None:
    with transaction(web, read_only=True, timeout_s=30, actor=actor) as session:
        plans.plan_by_id(session, 1)
        data_version(session, 1)
        layer(session, 1, at)


def tile_at(zoom: int, lon: float = 120.98, lat: float = 40.737) -> Tile:
    n = 2**zoom
    south = 0.5 - math.log(math.tan(math.radians(45 + lat / 2))) / (2 * math.pi)
    return Tile(zoom, int((lon + 180) / 360 * n), int(south * n))


def measure(engine: Engine, cases: Sequence[Case], rounds: int, requests: int) -> None:
    web = web_engine(engine)
    with engine.connect() as connection:
        tables = connection.scalars(
            text("SELECT oid::regclass::text FROM pg_class WHERE relrowsecurity")
        ).all()
    for number in range(2 * rounds + 2):
        on = number % 2 == 0
        with engine.begin() as connection:
            for table in tables:
                word = "ENABLE" if on else "DISABLE"
                connection.execute(text(f"ALTER TABLE {table} {word} ROW LEVEL SECURITY"))
        for case in cases:
            case.ask(web)  # the change of the tables makes the server plan anew
            spent = per_request(case.ask, web, requests)
            if number >= 2:
                (case.with_ms if on else case.without_ms).append(spent)
        print(f"round {number + 1} of {2 * rounds + 2}", file=sys.stderr)


def per_request(ask: Request, web: Engine, requests: int) -> float:
    """Milliseconds of processor time, of the server's process and of this one, for one request."""
    with web.connect() as connection:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
    before = spent_ns(pid) + time.process_time_ns()
    for _ in range(requests):
        ask(web)
    return (spent_ns(pid) + time.process_time_ns() - before) / requests / 1e6


def spent_ns(pid: int) -> int:
    """Time that a process had a processor; /proc/PID/stat counts in hundredths of a second only."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


def report(cases: Sequence[Case], n_houses: int, n_events: int, requests: int) -> list[str]:
    lines = [
        "# What the policies cost",
        "",
        f"Written by `scripts/bench rights --write`: a synthetic town of {n_houses:,} houses, "
        f"{COLUMNS * ROWS:,} grids and {n_events:,} events, asked as the web process asks (its user, its "
        "transaction, plan and fingerprint included), in turns with row-level security as it is and "
        f"switched off; {requests} requests each. Milliseconds of processor time of the database server "
        "and the program together, medians of rounds. Below 1: who may see less is answered sooner.",
        "",
        machine(),
        "",
        "| asked for | by | without ms | with ms | ratio |",
        "|---|---|---:|---:|---:|",
    ]
    for case in sorted(cases, key=lambda c: c.what):
        lines.append(
            f"| {case.what} | {case.who} | {statistics.median(case.without_ms):.2f} "
            f"| {statistics.median(case.with_ms):.2f} | {case.ratio:.2f} |"
        )
    lines += [
        "",
        "All four together, by kind: "
        + ", ".join(f"{what} {ratio:.2f}" for what, ratio in by_kind(cases).items())
        + ". Houses and grids stand under no policy: how far their ratios lie from 1 is the noise of the "
        "machine. A look-up of the published plan is answered from memory and asks the store nothing.",
    ]
    return lines


def by_kind(cases: Sequence[Case]) -> dict[str, float]:
    """Time with policies over time without, summed over who asks."""
    kinds = sorted({case.what for case in cases})
    return {
        kind: sum(statistics.median(c.with_ms) for c in cases if c.what == kind)
        / sum(statistics.median(c.without_ms) for c in cases if c.what == kind)
        for kind in kinds
    }


if __name__ == "__main__":
    main()
