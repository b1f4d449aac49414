"""What do the policies cost each role on a town of 100,000 houses? Each statement as the role and as the owner.

Each role walks along the links of its pages from Today, and the roads that scripts take; every statement
is asked again under EXPLAIN ANALYZE: as whoever asked, and as the owner of the tables. None may take ten times the owner's time. The home
folder holds a private store with the town; scripts/bench browser fills one.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args

from flask import Flask
from flask.testing import FlaskClient
from frame import machine, options, parsed, write_report
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.cases import board, figures
from gisgrid.cases import today as cases_today
from gisgrid.cases.board_filters import Filters
from gisgrid.core import plans
from gisgrid.core.errors import GisgridError
from gisgrid.core.roles import ROLES
from gisgrid.db.cluster import Cluster
from gisgrid.db.roles import PLANNER
from gisgrid.db.store import Actor, transaction
from gisgrid.jobs import balancing as jobs
from gisgrid.planning.attach.attach import attach_rows
from gisgrid.planning.attach.rule import Kind
from gisgrid.planning.attach.statements import Attaching
from gisgrid.planning.editor import moves, scenarios
from gisgrid.planning.snapshot.fetch import plan_grids, plan_state, today
from layers import events, houses
from layers.tiles import Tile
from tests.support.accounts import appointed, web_engine
from tests.support.walks import seat, walk
from tests.support.web import app_over, close, session_cookie

MOST = 10.0
NOON = datetime(2023, 8, 1, 12, tzinfo=UTC)
LEAST_MS = 2.0
"""Statements that take less than this under the policies are not told: the clock is too coarse. Nor is
the owner's time taken for less: rights are looked up once a statement, however little it asks for."""
READ_OR_WRITE = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")
SLOW_S = 0.5
Road = Callable[[Session], object]


@dataclass(frozen=True)
class Told:
    """A statement of a role, and its milliseconds as the role and as the owner."""

    who: str
    statement: str
    role_ms: float
    owner_ms: float

    @property
    def ratio(self) -> float:
        return self.role_ms / max(self.owner_ms, LEAST_MS)


@dataclass(frozen=True)
class Page:
    """A page that a walk opened, and the seconds until its answer was whole."""

    who: str
    path: str
    seconds: float


@dataclass(frozen=True)
class Asked:
    """A statement with the values it was first asked with, and what its transaction had set."""

    statement: str
    values: Any
    local: Any


def main() -> None:
    parser = options("policies", __doc__, page="docs/benchmarks/policies.md")
    parser.add_argument("--home", type=Path, required=True, help="folder of the private store")
    parser.add_argument("--role", action="append", choices=ROLES, help="only these")
    args = parsed(parser)
    cluster = Cluster.at(args.home)
    cluster.start()
    engine = create_engine(cluster.url())
    found, pages = measured(engine, args.role or list(ROLES))
    write_report(args, report(found, pages))
    if any(each.ratio > MOST for each in found):
        sys.exit("a statement takes more than ten times the owner's time")


def measured(engine: Engine, roles: Sequence[str]) -> tuple[list[Told], list[Page]]:
    with transaction(engine) as session:
        place = plans.township(session)
        plan = plans.plan_in_force(session, place.id)
        grid = session.scalar(text("SELECT min(code) FROM grid WHERE plan_id = :p"), {"p": plan.id})
        people = {role: account(session, role, grid) for role in roles}
        whole = scenarios.branch(session, plan, name=free_name(), who="x")
    web = web_engine(engine)
    app = app_over(engine)
    found: list[Told] = []
    pages: list[Page] = []
    try:
        for role, number in people.items():
            with watched(web) as asked:
                walk_roads(web, number, seen_roads(place, plan), None)
                if role == "planner":
                    walk_roads(web, number, planner_roads(place, plan, whole), PLANNER)
                pages += walk_pages(app, engine, role, number)
            with filled_anew(engine, plan) as bare:
                found += asked_again(engine, web, role, asked, bare)
            print(role, file=sys.stderr)
    finally:
        close(app)
        with transaction(engine) as session:
            scenarios.discard(session, whole)
    return found, pages


def free_name() -> str:
    return f"度量{secrets.token_hex(3)}"


@contextlib.contextmanager
def filled_anew(engine: Engine, plan: plans.PlanInfo) -> Iterator[plans.PlanInfo]:
    """A scenario without grids, to be filled in the stead of one that a walk branched and took back."""
    with transaction(engine) as session:
        bare = scenarios.branch(session, plan, name=free_name(), who="x", attached=False)
        session.execute(text("DELETE FROM grid WHERE plan_id = :p"), {"p": bare.id})
    yield bare
    with transaction(engine) as session:
        scenarios.discard(session, bare)


def account(session: Session, role: str, grid: str) -> int:
    name = f"bench.{role}"
    known = session.scalar(text("SELECT id FROM account WHERE name = :n"), {"n": name})
    if known is not None:
        return int(known)
    return appointed(session, role, name=name, **seat(ROLES[role].levels[0], grid))


def walk_roads(web: Engine, number: int, roads: Sequence[Road], role: str | None) -> None:
    """What pages fetch without a link, and what a planner writes; taken back. What is refused is left out."""
    with transaction(web, actor=Actor(number, None, "198.51.100.7"), role=role) as session:
        for road in roads:
            with session.begin_nested() as step:
                with contextlib.suppress(GisgridError, DBAPIError):
                    road(session)
                step.rollback()
        session.rollback()


def walk_pages(app: Flask, engine: Engine, role: str, number: int) -> Iterator[Page]:
    """The pages that links lead to from Today, one after the other."""
    client = app.test_client()
    name, _, value = session_cookie(app, engine, number).partition("=")
    client.set_cookie(name, value)
    spent: list[Page] = []

    def get(address: str, **options: Any) -> Any:
        begun = time.perf_counter()
        answer = FlaskClient.get(client, address, **options)
        answer.get_data()
        spent.append(Page(role, address.partition("?")[0], time.perf_counter() - begun))
        if answer.status_code >= 500:
            raise SystemExit(f"{role}: {address} answered {answer.status_code}")
        return answer

    client.get = get  # type: ignore[method-assign]
    walk(app, client)
    return iter(spent)


def asked_again(
    engine: Engine, web: Engine, role: str, asked: Sequence[Asked], bare: plans.PlanInfo
) -> Iterator[Told]:
    """Each statement as whoever asked it, and as the owner."""
    for each in asked:
        # What the walk branched is gone; there is a plan to be filled in its stead.
        values = each.values
        if isinstance(values, dict) and "new" in values:
            values = {**values, "new": bare.id}
        times = []
        for bind, left_out in ((web, ""), (engine, "role")):
            with Session(bind) as session:
                set_local(session, each.local, left_out)
                spent = [spent_ms(session, each.statement, values) for _ in range(2)]
                times.append(None if None in spent else min(spent))
                session.rollback()
        if None in times:
            words = " ".join(each.statement.split())
            print(f"{role}: left out, about rows that are gone: {words[:60]!r}", file=sys.stderr)
        elif times[0] >= LEAST_MS:
            yield Told(role, " ".join(each.statement.split())[:110], times[0], times[1])


def planner_roads(
    place: plans.TownshipInfo, plan: plans.PlanInfo, made: plans.PlanInfo
) -> list[Road]:
    """Branch, open, what an edit writes in a scenario of the plan, undo, check."""

    def branch(session: Session) -> None:
        new = scenarios.branch(session, plan, name=free_name(), who="x", attached=False)
        jobs.order_completion(session, new)

    def edit(session: Session) -> None:
        wkb = session.scalars(
            text("SELECT encode(ST_AsBinary(geom), 'hex') FROM grid WHERE plan_id = :p LIMIT 2"),
            {"p": made.id},
        ).all()
        for kind in get_args(Kind):
            values = {"plan": made.id, "wkb": list(wkb), "most": 50_000}
            ids = session.scalars(Attaching(kind).on_ground(), values).all()
            attach_rows(session, made.id, kind, ids)
        moves.log(session, made.id)
        moves.locks_of(session, made.id)

    return [
        lambda s: plan_state(s, place, plan, today(place)),
        lambda s: plan_grids(s, place, plan),
        lambda s: scenarios.scenarios(s, place.id),
        scenarios.newest_rows,
        scenarios.newest_entries,
        branch,
        edit,
    ]


def seen_roads(place: plans.TownshipInfo, plan: plans.PlanInfo) -> list[Road]:
    """Tiles, counts, the board, what waits today, and the figures of a month and of a year."""
    month = figures.Period(date(2023, 7, 1), date(2023, 7, 31), NOON)
    year = figures.Period(date(2022, 9, 1), date(2023, 8, 31))
    span = (year.since, year.until)
    at = Tile(14, 13696, 6160)
    return [
        lambda s: houses.tile(s, plan.id, at),
        lambda s: events.open_tile(s, plan.id, at),
        lambda s: s.execute(text("SELECT * FROM count_plan(:p)"), {"p": plan.id}).all(),
        lambda s: figures.figures(s, place.id, "community", month),
        lambda s: figures.figures(s, place.id, "community", year),
        lambda s: figures.figures(s, place.id, "grid", year),
        lambda s: figures.heat(s, place.id, *span),
        lambda s: figures.grew_most(s, place.id, *span),
        lambda s: figures.repeated_places(s, place.id, *span),
        lambda s: board.board(s, place.id, Filters(), NOON),
        board.mine,
        lambda s: cases_today.cases_now(s, place.id, NOON),
        lambda s: cases_today.open_by_community(s, place.id),
        lambda s: cases_today.reported_by_week(s, place.id, date(2023, 8, 1)),
    ]


@contextlib.contextmanager
def watched(web: Engine) -> Iterator[list[Asked]]:
    """Each statement that reads or writes, once, as it was first asked; whole when the block has ended."""
    first: dict[str, Asked] = {}
    kept: list[Asked] = []

    def keep(conn: Any, _k: Any, statement: str, values: Any, _x: Any, _m: bool) -> None:
        if "set_config(name, value" in statement:
            conn.info["gisgrid local"] = values
        elif statement.lstrip().split(None, 1)[0].upper() in READ_OR_WRITE:
            local = conn.info.get("gisgrid local")
            first.setdefault(statement, Asked(statement, values, local))

    def begin(conn: Any) -> None:
        conn.info.pop("gisgrid local", None)

    event.listen(web, "before_cursor_execute", keep)
    event.listen(web, "begin", begin)
    try:
        yield kept
    finally:
        event.remove(web, "before_cursor_execute", keep)
        event.remove(web, "begin", begin)
        kept += first.values()


def set_local(session: Session, local: Any, left_out: str) -> None:
    """What the transaction of a request had set, but for one name, its time limit and its being read-only."""
    for name, value in zip(*local.values(), strict=True) if local else ():
        if name not in (left_out, "statement_timeout", "transaction_read_only"):
            session.execute(
                text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value}
            )


def spent_ms(session: Session, statement: str, values: Any) -> float | None:
    """Milliseconds that the server says it took; what it wrote is taken back. None: it cannot be asked."""
    many = isinstance(values, list)
    step = session.begin_nested()
    try:
        found = session.connection().exec_driver_sql(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values[0] if many else values
        )
        plan = found.scalar()
        parsed_plan = json.loads(plan) if isinstance(plan, str) else plan
        return float(parsed_plan[0]["Execution Time"])
    except Exception:
        return None
    finally:
        step.rollback()


def report(found: Sequence[Told], pages: Sequence[Page]) -> list[str]:
    lines = [
        "# What the policies cost on a whole town",
        "",
        "Written by `scripts/bench policies --write`: 100,000 houses, 1,000 grids, 167,000 events; each "
        "statement of a role's pages and roads under EXPLAIN ANALYZE, as the role and as the tables' owner "
        f"(best of two). Told are those of {LEAST_MS:.0f} ms and more, and the owner's time counts as "
        f"{LEAST_MS:.0f} ms at least: rights are looked up once a statement, however little it asks for. "
        f"Asked: none above {MOST:.0f} times.",
        "",
        machine(),
        "",
        "| role | statement | as the role, ms | as the owner, ms | ratio |",
        "|---|---|---:|---:|---:|",
    ]
    for each in sorted(found, key=lambda e: -e.ratio):
        words = each.statement.replace("|", "\\|")
        lines.append(
            f"| {each.who} | `{words}` | {each.role_ms:.1f} | {each.owner_ms:.1f} | {each.ratio:.1f} |"
        )
    slow = sorted((p for p in pages if p.seconds >= SLOW_S), key=lambda p: -p.seconds)
    lines += [
        "",
        f"Of {len(pages)} pages that links lead the roles to, one process that has just begun took half "
        f"a second and more for these {len(slow)}:",
        "",
        "| role | page | seconds |",
        "|---|---|---:|",
        *(f"| {p.who} | {p.path} | {p.seconds:.2f} |" for p in slow),
    ]
    return lines


if __name__ == "__main__":
    main()
