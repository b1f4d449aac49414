"""``gisgrid case open|figures|emergency``: cases of loaded events, what they say, and the switch."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import click
from rich.table import Table

from gisgrid.cases.bulk import open_loaded
from gisgrid.cases.emergencies import running, switch_off, switch_on
from gisgrid.cases.facts import UNITS
from gisgrid.cases.figures import OUTCOMES, Period, figures
from gisgrid.cli.edge import DRY, opened, wide_console
from gisgrid.core import plans
from gisgrid.core.areas import area_coded
from gisgrid.core.settings import Settings

_township = click.option("--township", help="code of the township; needed if there are several")
_commit = click.option(
    "--commit", is_flag=True, help="really write; otherwise only say what would happen"
)
_day = click.DateTime(["%Y-%m-%d"])


@click.command("open")
@_township
@_commit
@click.pass_obj
def open_command(settings: Settings, township: str | None, commit: bool) -> None:
    """Give every loaded event without a case one that says when it opened and closed."""
    with opened(settings) as session:
        place = plans.township(session, township)
        made = open_loaded(session, place.id)
        if not commit:
            session.rollback()
    click.echo(f"{made.cases} cases, {made.closed} of them closed, {made.clocks} with a due time")
    if not commit:
        click.echo(DRY)


@click.command("figures")
@click.argument("unit", type=click.Choice(list(UNITS)), default="community")
@click.option("--since", type=_day, required=True, help="first day of report")
@click.option("--until", type=_day, required=True, help="last day of report")
@_township
@click.pass_obj
def figures_command(
    settings: Settings, unit: str, since: datetime, until: datetime, township: str | None
) -> None:
    """Print what the cases reported in a period say, by UNIT, as of the end of its last day."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        end = (until + timedelta(1)).replace(tzinfo=ZoneInfo(place.time_zone))
        period = Period(since.date(), until.date(), end if end < datetime.now(UTC) else None)
        rows = figures(session, place.id, unit, period)
    heads = ("received", "assigned", *OUTCOMES, "returned", "reopened")
    table = Table(unit, "name", box=None)
    for head in (*heads, "in time", "satisfied", "right first"):
        table.add_column(head, justify="right")
    for row in rows:
        rates = (row.in_time_rate, row.satisfaction, row.right_first_share)
        table.add_row(
            row.key, row.name, *(str(row.counts[h]) for h in heads),
            *("—" if rate is None else f"{rate:.1%}" for rate in rates),
        )  # fmt: skip
    wide_console().print(table)


@click.group("emergency")
def emergency_group() -> None:
    """Switch areas to emergency and back."""


@emergency_group.command("on")
@click.argument("area")
@click.option("--reason", required=True, help="why")
@click.option("--hours", type=click.FloatRange(0.1, 720), help="ends by itself after so many hours")
@click.option("--run-on", is_flag=True, help="the clocks of ordinary cases run on")
@_commit
@click.pass_obj
def emergency_on(
    settings: Settings,
    /,
    *,
    area: str,
    reason: str,
    hours: float | None,
    run_on: bool,
    commit: bool,
) -> None:
    """Put the AREA (code of a township or community) into emergency mode."""
    now = datetime.now(UTC)
    with opened(settings) as session:
        switch = switch_on(
            session, area_coded(session, area).id, reason=reason, by=settings.who or getpass.getuser(), at=now,
            until=now + timedelta(hours=hours) if hours else None, holds_ordinary=not run_on,
        )  # fmt: skip
        if not commit:
            session.rollback()
    click.echo(f"emergency {switch.id}: {switch.area}, {switch.reason}")
    if not commit:
        click.echo(DRY)


@emergency_group.command("off")
@click.argument("emergency_id", type=int)
@_commit
@click.pass_obj
def emergency_off(settings: Settings, emergency_id: int, commit: bool) -> None:
    """Switch the area of EMERGENCY_ID back; what stood still runs on."""
    with opened(settings) as session:
        who = settings.who or getpass.getuser()
        switch = switch_off(session, emergency_id, by=who, at=datetime.now(UTC))
        if not commit:
            session.rollback()
    click.echo(f"emergency {switch.id}: {switch.area} is back to normal")
    if not commit:
        click.echo(DRY)


@emergency_group.command("list")
@_township
@click.pass_obj
def emergency_list(settings: Settings, township: str | None) -> None:
    """List the emergencies that run."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        rows = running(session, place.id)
    for switch in rows:
        click.echo(
            f"{switch.id} {switch.area}: {switch.reason} since {switch.started_at:%F %R} UTC"
        )
    click.echo(f"{len(rows)} running")
