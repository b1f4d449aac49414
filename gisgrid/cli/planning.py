"""``gisgrid plan``, ``attach``, ``summary``, ``township``, ``worker``."""

from __future__ import annotations

from datetime import datetime

import click
from rich.table import Table

from gisgrid.cli.edge import connected, opened, wide_console
from gisgrid.core import plans
from gisgrid.core.errors import NotFound
from gisgrid.core.failures import log_plainly
from gisgrid.core.settings import Settings
from gisgrid.jobs import imports
from gisgrid.jobs.studies import make_asked
from gisgrid.jobs.worker import work, work_on
from gisgrid.planning.attach.attach import Counts, attach
from gisgrid.planning.overview import summary
from gisgrid.planning.settings.townships import OPTIONS, change_township

_township = click.option("--township", help="code of the township; needed if there are several")
_day = click.DateTime(["%Y-%m-%d"])


@click.group()
def plan() -> None:
    """List plans and publish one."""


@plan.command("list")
@_township
@click.pass_obj
def list_plans(settings: Settings, township: str | None) -> None:
    """List the plans of a township."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        rows = plans.plans(session, place.id)
    table = Table("plan", "name", "state", "from", "until", "based on", "grids", box=None)
    for p in rows:
        table.add_row(
            str(p.id), p.name, said(p), str(p.valid_from or ""), str(p.last_day or ""),
            str(p.based_on_id or ""), str(p.grids),
        )  # fmt: skip
    wide_console().print(table)


@click.command("attach")
@click.option("--plan", "name", help="name or number of the plan; default all that were published")
@_township
@click.option("--commit", is_flag=True, help="really write; otherwise only say what would happen")
@click.pass_obj
def attach_command(
    settings: Settings, name: str | None, township: str | None, commit: bool
) -> None:
    """Give all houses and events their grid under a plan, or under each that was published."""
    with opened(settings) as session:
        place = plans.township(session, township)
        if name:
            chosen = [plans.plan_named(session, place.id, name)]
        else:
            chosen = [p for p in plans.plans(session, place.id) if p.in_force]
        if not chosen:
            raise NotFound("No plan has been published yet.")
        done = [
            (each, attach(session, each.id, "house"), attach(session, each.id, "event"))
            for each in chosen
        ]
        if not commit:
            session.rollback()
    for each, houses, events in done:
        click.echo(f"plan {each.name!r} ({said(each)})")
        print_counts("houses", houses)
        print_counts("events", events)
    if not commit:
        click.echo("dry run: nothing was written; add --commit to write")


def said(plan: plans.PlanInfo) -> str:
    """How a plan stands today, in words."""
    if plan.in_force == "later":
        return f"waits, in force from {plan.valid_from}"
    return {"now": "in force", "past": "over"}.get(plan.in_force or "", plan.state)


def print_counts(kind: str, counts: Counts) -> None:
    click.echo(
        f"{kind}: {counts.attached} attached + {counts.outside} outside + "
        f"{counts.unlocated} unlocated = {counts.loaded} loaded; "
        f"{counts.near_border} near a border"
    )


@click.command("summary")
@click.option("--plan", "name", help="name or number of the plan; default the one in force")
@click.option("--as-of", type=_day, help="the plan in force on this day, and events until then")
@_township
@click.pass_obj
def summary_command(
    settings: Settings, name: str | None, as_of: datetime | None, township: str | None
) -> None:
    """Count grids, houses, households, residents, events and uncovered ones per community."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        day = as_of.date() if as_of else None
        chosen = (
            plans.plan_named(session, place.id, name)
            if name
            else plans.plan_in_force(session, place.id, day)
        )
        counted = summary.by_community(session, chosen.id, day)
    title = f"{place.name} · {chosen.name} · {chosen.valid_from or chosen.state}"
    heads = ("code", "community", "basic", "exclusive", "houses", "households", "residents",
             "events", "uncovered houses", "uncovered residents")  # fmt: skip
    table = Table(title=title, box=None)
    for i, head in enumerate(heads):
        table.add_column(head, justify="left" if i < 2 else "right")
    for row in counted.communities:
        table.add_row(*_cells(row, row.code or "", row.name or "(no community)"))
    table.add_row(*_cells(counted.total, "", "total"), style="bold")
    wide_console().print(table)


def _cells(row: summary.CommunityRow, code: str, name: str) -> list[str]:
    numbers = (row.basic, row.exclusive, row.houses, row.households, row.residents, row.events,
               row.uncovered_houses, row.uncovered_residents)  # fmt: skip
    return [code, name, *("hidden" if n is None else str(n) for n in numbers)]


@click.command("township")
@click.option("--code", help="code of the township; needed if there are several")
@click.option(
    "--set", "changes", multiple=True, metavar="NAME=VALUE", help=f"one of: {', '.join(OPTIONS)}"
)
@click.option("--commit", is_flag=True, help="really write; otherwise only say what would happen")
@click.pass_obj
def township_command(
    settings: Settings, code: str | None, changes: tuple[str, ...], commit: bool
) -> None:
    """Show a township's settings, or change some."""
    with opened(settings) as session:
        place = plans.township(session, code)
        place = change_township(session, place.code, changes)
        if not commit:
            session.rollback()
    for name in ("code", "name", *OPTIONS):
        click.echo(f"{name} = {getattr(place, name)}")
    if changes and not commit:
        click.echo("dry run: nothing was written; add --commit to write")


@click.command()
@click.option("--once", is_flag=True, help="do what waits, then end")
@click.pass_obj
def worker(settings: Settings, once: bool) -> None:
    """Do long work that pages order: rebalancing, imports, and what the planner's layers show."""
    with connected(settings) as engine:
        if once:
            make_asked(engine)
            imports.do_asked(engine)
            work(engine, once=True)
        else:
            log_plainly()
            work_on(engine)
