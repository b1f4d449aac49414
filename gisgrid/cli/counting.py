"""``gisgrid locate`` and ``gisgrid count``: which grid is this, and how much lies in each."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import click
from rich.table import Table
from rich.text import Text

from gisgrid.cli.coverage import as_of_option, chosen_plan, township_option
from gisgrid.cli.edge import opened, wide_console
from gisgrid.cli.planning import said
from gisgrid.core import plans
from gisgrid.core.errors import Invalid
from gisgrid.core.settings import Settings
from gisgrid.core.terminal import language
from gisgrid.locate import lookup
from gisgrid.locate.addresses.search import nearest_address
from gisgrid.locate.lookup import LookupResult
from gisgrid.locate.point_lookup import in_store
from gisgrid.planning.overview.counting import FIELDS, Count, count_under
from gisgrid.planning.overview.ground import township_at


# A longitude of the western half begins like an option.
@click.command("locate", context_settings={"ignore_unknown_options": True})
@click.argument("what", nargs=-1, required=True, metavar="LON LAT | ADDRESS")
@click.option("--datum", default="wgs84", show_default=True, help=", ".join(lookup.DATUMS))
@click.option("--plan", "name", help="name or number of the plan; default the one in force")
@as_of_option
@township_option
@click.pass_obj
def locate_command(
    settings: Settings,
    /,
    *,
    what: tuple[str, ...],
    datum: str,
    name: str | None,
    as_of: datetime | None,
    township: str | None,
) -> None:
    """Say which grid a point or an address is in, and who answers for it."""
    point = _as_point(what)
    with opened(settings, read_only=True) as session:
        at = lookup.in_wgs84(*point, datum) if point else None
        there = township_at(session, *at) if at and not township and not name else None
        place = there or plans.township(session, township)
        plan = chosen_plan(session, place, name, as_of)
        find = partial(in_store, session, place, plan, day=as_of.date() if as_of else None)
        if at is None:
            found = lookup.by_address(session, place.id, find, " ".join(what))
            near = found.nearest
        else:
            found = lookup.by_point(find, *at)
            near = nearest_address(session, place.id, found.where.lon, found.where.lat)
    _print_found(found)
    if near:
        click.echo(f"nearest address: {near.address} ({near.code}), {near.distance_m:.0f} m away")


@click.command("count")
@click.option("--under", "name", required=True, help="name or number of the plan")
@township_option
@click.pass_obj
def count_command(settings: Settings, name: str, township: str | None) -> None:
    """Count houses, residents and events grid by grid under any plan, a draft or an old one too.

    Nothing is written. The last line is all that the township has, under any plan the same.
    """
    with opened(settings) as session:
        place = plans.township(session, township)
        plan = plans.plan_named(session, place.id, name)
        counted = count_under(session, plan)
        session.rollback()
    table = Table(title=f"{place.name} · {plan.name} ({said(plan)})", box=None)
    for head in ("grid", "name", "kind"):
        table.add_column(head)
    for field in FIELDS:
        table.add_column(field.replace("_", " "), justify="right")
    for row in counted.grids:
        table.add_row(row.code, row.name, row.kind, *_cells(row))
    table.add_row("", "(in no grid)", "", *_cells(counted.elsewhere))
    table.add_row("", "total", "", *_cells(counted.total), style="bold")
    wide_console().print(table)


def _as_point(what: tuple[str, ...]) -> tuple[float, float] | None:
    """Two numbers are a point; ``120.88,40.70`` is one too."""
    parts = what[0].replace("，", ",").split(",") if len(what) == 1 else list(what)
    if len(parts) != 2:
        return None
    try:
        return lookup.number(parts[0], "lon"), lookup.number(parts[1], "lat")
    except Invalid:
        return None


def _print_found(found: LookupResult) -> None:
    where = found.where
    table = Table(box=None, show_header=False)
    over = where.exclusive
    rows = [
        ("grid", f"{where.grid.name} ({where.grid.code}, {where.grid.kind})"),
        ("exclusive", f"{over.name} ({over.code})" if over else None),
        ("community", where.grid.community),
        ("township", f"{where.township.name} ({where.township.code})"),
        ("leader", where.grid.leader or "none appointed"),
        ("plan", f"{where.plan.name} (number {where.plan.id}, since {where.plan.valid_from})"),
        ("border", f"{where.border_m:.1f} m away"),
        *(("it may also be", f"{o.card.name} ({o.card.code}), {o.distance_m:.1f} m away")
          for o in where.others),
        ("house", f"{found.house.address} ({found.house.code or 'alias'})" if found.house else None),
        ("how", f"{found.reason.in_language(language())}, {found.confidence:.0%} sure"),
    ]  # fmt: skip
    for key, value in rows:
        if value is not None:
            table.add_row(key, Text(value))  # brackets are markup in plain strings
    wide_console().print(table)


def _cells(row: Count) -> list[str]:
    numbers = [getattr(row, field) for field in FIELDS]
    return ["hidden" if n is None else str(n) for n in numbers]
