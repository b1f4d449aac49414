"""What do the policies cost each role on a town of 100,000 houses? Each statement as the role and as the owner.

The roads are walked as the pages walk them, and every statement is asked again under EXPLAIN ANALYZE:
as whoever asks, and as the owner of the tables. None may take ten times the owner's time. The home
folder holds a private store with the town; scripts/bench browser fills one.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from frame import machine, options, parsed, told
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.orm import Session

from gisgrid.cases import board, figures
from gisgrid.cases import today as cases_today
from gisgrid.cases.board_filters import Filters
from gisgrid.core import plans
from gisgrid.db.cluster import Cluster
from gisgrid.db.roles import PLANNER, WEB
from gisgrid.db.store import Actor, transaction
from gisgrid.jobs import balancing as jobs
from gisgrid.planning.attach.attach import attach_rows
from gisgrid.planning.editor import moves, scenarios
from gisgrid.planning.editor.moves import _ABOUT
from gisgrid.planning.snapshot.fetch import plan_grids, plan_state, today
from layers import events, houses
from layers.tiles import Tile
from tests.support.accounts import appointed

MOST = 10.0
NOON = datetime(2023, 8, 1, 12, tzinfo=UTC)
LEAST_MS = 2.0
"""Statements that take less than this under the policies are not told: the clock is too coarse. Nor is
the owner's time taken for less: rights are looked up once a statement, however little it asks for."""
Road = Callable[[Session], object]


@dataclass(frozen=True)
class Told:
    """A statement of a road, and its milliseconds as the role and as the owner."""

    who: str
    statement: str
    role_ms: float
    owner_ms: float

    @property
    def ratio(self) -> float:
        return self.role_ms / max(self.owner_ms, LEAST_MS)


@dataclass(frozen=True)
class Drafts:
    """Two scenarios that stay while statements are asked again: one as it was branched, one without grids."""

    whole: plans.PlanInfo
    bare: plans.PlanInfo


def main() -> None:
    parser = options("policies", __doc__, page="docs/benchmarks/policies.md")
    parser.add_argument("--home", type=Path, required=True, help="folder of the private store")
    args = parsed(parser)
    cluster = Cluster.at(args.home)
    cluster.start()
    engine = create_engine(cluster.url())
    found = measured(engine, create_engine(cluster.url(user=WEB)))
    told(args, report(found))
    if any(each.ratio > MOST for each in found):
        sys.exit("a statement takes more than ten times the owner's time")


def measured(engine: Engine, web: Engine) -> list[Told]:
    with transaction(engine) as session:
        place = plans.township(session)
        plan = plans.plan_in_force(session, place.id)
        area = session.scalar(text("SELECT min(code) FROM area WHERE level = 'community'"))
        grid = session.scalar(text("SELECT min(code) FROM grid WHERE plan_id = :p"), {"p": plan.id})
        people = {
            role: account(session, role, place.code, area, grid)
            for role in (
                "planner",
                "dispatcher",
                "township_government",
                "community_clerk",
                "grid_worker",
            )
        }
        drafts = drafted(session, place, plan)
    try:
        return [each for who in people.items() for each in asked_as(engine, web, who, drafts)]
    finally:
        with transaction(engine) as session:
            for each in (drafts.whole, drafts.bare):
                scenarios.discard(session, each)


def drafted(session: Session, place: plans.TownshipInfo, plan: plans.PlanInfo) -> Drafts:
    """A scenario with its attachments, and one whose grids are taken away."""
    names = [f"度量{secrets.token_hex(3)}" for _ in range(2)]
    whole = scenarios.branch(session, plan, name=names[0], who="x")
    bare = scenarios.branch(session, plan, name=names[1], who="x", attached=False)
    session.execute(text("DELETE FROM grid WHERE plan_id = :p"), {"p": bare.id})
    return Drafts(whole, bare)


def asked_as(engine: Engine, web: Engine, who: tuple[str, int], drafts: Drafts) -> Iterator[Told]:
    """The statements of a role's roads, each as the role and as the owner."""
    role, number = who
    with transaction(engine) as session:
        place = plans.township(session)
        plan = plans.plan_in_force(session, place.id)
    roads = planner_roads(place, plan, drafts) if role == "planner" else seen_roads(place, plan)
    taken = None if role != "planner" else PLANNER
    asked: list[tuple[str, Any]] = []
    with transaction(web, actor=Actor(number, None, "198.51.100.7"), role=taken) as session:
        watch(session, asked)
        for road in roads:
            with session.begin_nested() as step:
                road(session)
                step.rollback()
        session.rollback()
    for statement, first in once(asked):
        # What the walk branched is gone; there is a plan to be filled in its stead.
        values = first
        if isinstance(first, dict) and "new" in first:
            values = {**first, "new": drafts.bare.id}
        times = []
        for other in (False, True):
            opened = (
                transaction(engine, actor=Actor(number, None, "198.51.100.7"))
                if other
                else transaction(web, actor=Actor(number, None, "198.51.100.7"), role=taken)
            )
            with opened as session:
                spent = [spent_ms(session, statement, values) for _ in range(2)]
                times.append(None if None in spent else min(spent))
                session.rollback()
        if None in times:
            print(
                f"{role}: left out, about rows that are gone: {statement[:60]!r}",
                file=sys.stderr,
            )
        elif times[0] >= LEAST_MS:
            yield Told(role, " ".join(statement.split())[:110], times[0], times[1])
    print(role, file=sys.stderr)


def account(session: Session, role: str, town: str, area: str, grid: str) -> int:
    name = f"bench.{role}"
    known = session.scalar(text("SELECT id FROM account WHERE name = :n"), {"n": name})
    if known is not None:
        return int(known)
    where = {"community_clerk": area}.get(role, town)
    return appointed(session, role, where, grid=grid if role == "grid_worker" else None, name=name)


def planner_roads(place: plans.TownshipInfo, plan: plans.PlanInfo, drafts: Drafts) -> list[Road]:
    """Branch, open, what an edit writes, undo, check."""
    made = drafts.whole

    def branch(session: Session) -> None:
        name = f"度量{secrets.token_hex(3)}"
        new = scenarios.branch(session, plan, name=name, who="x", attached=False)
        jobs.order_completion(session, new)

    def edit(session: Session) -> None:
        wkb = session.scalars(
            text("SELECT encode(ST_AsBinary(geom), 'hex') FROM grid WHERE plan_id = :p LIMIT 2"),
            {"p": made.id},
        ).all()
        for kind in ("house", "event"):
            values = {"p": made.id, "wkb": list(wkb), "most": 50_000}
            ids = session.scalars(text(_ABOUT.format(kind=kind)), values).all()
            attach_rows(session, made.id, kind, ids)  # type: ignore[arg-type]
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


def watch(session: Session, asked: list[tuple[str, Any]]) -> None:
    """Keep each statement that reads or writes, with its values."""

    def keep(_c: Any, _k: Any, statement: str, values: Any, _x: Any, _m: bool) -> None:
        head = statement.lstrip().split(None, 1)[0].upper()
        if (
            head in ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")
            and "set_config" not in statement
        ):
            asked.append((statement, values))

    event.listen(session.connection(), "before_cursor_execute", keep)


def once(asked: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Each statement with the values it was first asked with."""
    return list({statement: (statement, values) for statement, values in reversed(asked)}.values())


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


def report(found: Sequence[Told]) -> list[str]:
    lines = [
        "# What the policies cost on a whole town",
        "",
        "Written by `scripts/bench policies --write`: 100,000 houses, 1,000 grids, 167,000 events; each "
        "statement of the roads of a role under EXPLAIN ANALYZE, as the role and as the tables' owner "
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
    return lines


if __name__ == "__main__":
    main()
