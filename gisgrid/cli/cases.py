"""``gisgrid case`` and ``gisgrid calendar``: cases step by step, flows, clocks and working calendars."""

from __future__ import annotations

import getpass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.table import Table
from sqlalchemy import text

from gisgrid.cases.calendars import read_calendar
from gisgrid.cases.cases import CaseActor, Details, Owner, case_log, case_now, next_steps, take_step
from gisgrid.cases.clock import colour
from gisgrid.cases.clocks import calendar_years, clocks_of, keep_calendar
from gisgrid.cases.correction import correct_matter, corrects
from gisgrid.cases.flow import current_flow, flow_by_id, keep_flow, own_flow, read_flow
from gisgrid.cases.judging import judge, uncounted
from gisgrid.cases.public_holidays import proposed, usual_week
from gisgrid.cases.refusals import NotOnTheList
from gisgrid.cases.refused_requests import keep_refusal
from gisgrid.cases.worktime import DAY_RULES
from gisgrid.cli.edge import DRY, opened, wide_console
from gisgrid.core import plans
from gisgrid.core.errors import NotFound
from gisgrid.core.messages import say
from gisgrid.core.settings import Settings
from gisgrid.db.tables.cases import FLOW_KINDS, LEVELS, STEP_ROLES

_township = click.option("--township", help="code of the township; needed if there are several")
_commit = click.option(
    "--commit", is_flag=True, help="really write; otherwise only say what would happen"
)


@click.group("calendar")
def calendar_group() -> None:
    """Load and show a township's working calendar."""


@calendar_group.command("load")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--day-rule",
    type=click.Choice(DAY_RULES),
    default="share",
    show_default=True,
    help="a working day: until the same point of the next; or until its end, not counting today",
)
@_township
@_commit
@click.pass_obj
def load_calendar(
    settings: Settings, file: Path, day_rule: str, township: str | None, commit: bool
) -> None:
    """Load FILE (CSV, XLSX): office hours, holidays and make-up days of whole years.

    Clocks that run are counted anew.
    """
    years = read_calendar(file, day_rule=day_rule)
    with opened(settings) as session:
        place = plans.township(session, township)
        changed = keep_calendar(session, place.id, years)
        if not commit:
            session.rollback()
    for plan in years:
        open_days = sum(bool(hours) for hours in plan.year.hours)
        new = "changed" if plan.year.year in changed else "as before"
        click.echo(f"{plan.year.year}: {open_days} working days, {new}")
    if not commit:
        click.echo(DRY)


@calendar_group.command("propose")
@click.argument("year", type=int)
@_township
@_commit
@click.pass_obj
def propose_calendar(settings: Settings, year: int, township: str | None, commit: bool) -> None:
    """Make a calendar of YEAR: office hours as in the newest one, public holidays and make-up days as announced.

    Look it over beside the notice of the year before it is kept; clocks that run are then counted anew.
    """
    with opened(settings) as session:
        place = plans.township(session, township)
        known = calendar_years(session, place.id)
        if not known:
            raise NotFound(
                "{place} has no calendar yet, so its office hours are not known; load one first.",
                hint=say("gisgrid calendar load FILE"),
                place=place.name,
            )
        newest = known[-1]
        plan = proposed(year, usual_week(newest), day_rule=newest.day_rule)
        changed = keep_calendar(session, place.id, [plan])
        if not commit:
            session.rollback()
    for day, name in sorted(plan.names.items()):
        click.echo(f"{day} {day:%a} {name}")
    open_days = sum(bool(hours) for hours in plan.year.hours)
    click.echo(f"{year}: {open_days} working days, {'changed' if changed else 'as before'}")
    if not commit:
        click.echo(DRY)


@calendar_group.command("show")
@click.argument("year", type=int)
@_township
@click.pass_obj
def show_calendar(settings: Settings, year: int, township: str | None) -> None:
    """Print the spans of days of a YEAR that have the same hours."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        row = session.execute(
            text("SELECT hours, names FROM calendar_year WHERE township_id = :t AND year = :y"),
            {"t": place.id, "y": year},
        ).one_or_none()
    if row is None:
        click.echo(f"no calendar of {year}; load one: gisgrid calendar load FILE")
        return
    first = date(year, 1, 1)
    for n, hours in enumerate(row.hours):
        day = first + timedelta(n)
        name = row.names.get(str(day), "")
        spans = " ".join(f"{a // 60:02d}:{a % 60:02d}-{b // 60:02d}:{b % 60:02d}" for a, b in hours)
        click.echo(f"{day} {day:%a} {spans or '-'} {name}".rstrip())


@click.group("case")
def case_group() -> None:
    """Show cases, take steps, judge clocks, and load flows."""


@case_group.command("show")
@click.argument("case_id", type=int)
@click.pass_obj
def show_case(settings: Settings, case_id: int) -> None:
    """Print a case's state, clocks and log, and the steps that come next."""
    with opened(settings, read_only=True) as session:
        now = case_now(session, case_id)
        zone = ZoneInfo(
            session.execute(
                text("SELECT time_zone FROM township WHERE area_id = :t"), {"t": now.township_id}
            ).scalar_one()
        )
        flow = flow_by_id(session, now.flow_id)
        log, clocks = case_log(session, case_id), clocks_of(session, case_id)
        coming = next_steps(session, now, CaseActor("", STEP_ROLES))
    state = flow.states[now.state]
    click.echo(
        f"case {now.id}: {state.zh} · {state.en}, step {now.seq}, {flow.kind} flow {flow.version}"
    )
    table = Table("clock", "limit", "due", "colour", box=None)
    for kept in clocks:
        due = kept.clock.due_at
        table.add_row(
            kept.name, "delivered" if kept.delivered else str(kept.clock.limit),
            due.astimezone(zone).strftime("%Y-%m-%d %H:%M") if due else "",
            colour(kept.clock, datetime.now(UTC)),
        )  # fmt: skip
    wide_console().print(table)
    lines = Table("step", "at", "what", "role", "to", "reason", box=None)
    for line in log:
        to = line.owner
        lines.add_row(
            str(line.seq), line.at.astimezone(zone).strftime("%Y-%m-%d %H:%M"), line.step,
            line.role, to.grid_code or to.office or (to.level or ""), line.reason or "",
        )  # fmt: skip
    wide_console().print(lines)
    click.echo(f"next: {', '.join(s.name for s in coming) or 'nothing'}")


@case_group.command("take")
@click.argument("case_id", type=int)
@click.argument("step")
@click.option("--role", type=click.Choice(STEP_ROLES), required=True, help="in which post")
@click.option("--actor", help="log-in name of whoever takes it; default the system user's name")
@click.option("--seq", type=int, help="the step the case stood at when you looked")
@click.option("--reason", help="why")
@click.option("--note", help="what was done or found")
@click.option("--grid", help="code of the grid that gets it")
@click.option("--office", help="office that gets it")
@click.option("--level", type=click.Choice(LEVELS), help="level it goes to")
@click.option("--into", type=int, help="case it is merged into")
@click.option("--rating", type=click.IntRange(1, 5), help="1 to 5")
@click.option("--flow", type=click.Choice(FLOW_KINDS), help="kind of flow it changes to")
@click.option("--matter", help="code of the matter that it is, for a step that corrects it")
@_commit
@click.pass_obj
def take_command(
    settings: Settings,
    /,
    *,
    case_id: int,
    step: str,
    role: str,
    actor: str | None,
    seq: int | None,
    reason: str | None,
    note: str | None,
    grid: str | None,
    office: str | None,
    level: str | None,
    into: int | None,
    rating: int | None,
    flow: str | None,
    matter: str | None,
    commit: bool,
) -> None:
    """Take STEP on the case CASE_ID."""
    by = CaseActor(actor or settings.who or getpass.getuser(), (role,))
    try:
        with opened(settings) as session:
            now = case_now(session, case_id)
            flow_id = current_flow(session, now.township_id, flow).id if flow else None
            details = Details(
                reason=reason, note=note, to=Owner(grid, office, None, level), into_id=into,
                rating=rating, flow_id=flow_id,
            )  # fmt: skip
            if corrects(session, now, step):
                to = f"grid:{grid}" if grid else f"office:{office}" if office else ""
                now = correct_matter(
                    session, now, matter or "", step, by, seq=seq, to=to, details=details
                )
            else:
                now = take_step(session, case_id, step, by, seq=seq, details=details)
            state = flow_by_id(session, now.flow_id).states[now.state]
            if not commit:
                session.rollback()
    except NotOnTheList as refused:
        if commit:
            with opened(settings) as session:
                at = datetime.now(UTC)
                keep_refusal(session, refused, asked_by=by.actor, at=at)
        raise
    click.echo(f"case {now.id}: {state.zh} · {state.en}, step {now.seq}")
    if not commit:
        click.echo(DRY)


@case_group.command("judge")
@_township
@_commit
@click.pass_obj
def judge_command(settings: Settings, township: str | None, commit: bool) -> None:
    """Bring the colours of all running clocks up to now, and list the most overdue that turned."""
    with opened(settings) as session:
        place = plans.township(session, township)
        judged = judge(session, place.id, datetime.now(UTC))
        waiting = uncounted(session, place.id)
        if not commit:
            session.rollback()
    for t in judged.worst:
        due = t.due_at.astimezone(ZoneInfo(place.time_zone))
        click.echo(f"{t.colour} case {t.case_id} {t.name} due {due:%Y-%m-%d %H:%M}")
    turned = judged.red + judged.yellow
    if turned > len(judged.worst):
        click.echo(f"… and {turned - len(judged.worst)} more")
    click.echo(f"{turned} clocks turned")
    if waiting:
        click.echo(
            f"{waiting} clocks wait for a calendar of their year: gisgrid calendar load FILE",
            err=True,
        )
    if not commit:
        click.echo(DRY)


@case_group.group("flow")
def flow_group() -> None:
    """Print, check and load flows."""


@flow_group.command("show")
@click.argument("kind", type=click.Choice(FLOW_KINDS))
@click.option("--own", is_flag=True, help="the one that comes with the program")
@_township
@click.pass_obj
def show_flow(settings: Settings, kind: str, own: bool, township: str | None) -> None:
    """Print the flow of a KIND that new cases follow, as a file to be changed and loaded."""
    if own:
        click.echo(own_flow(kind).source, nl=False)
        return
    with opened(settings) as session:
        place = plans.township(session, township)
        source = current_flow(session, place.id, kind).source
        session.rollback()
    click.echo(source, nl=False)


@flow_group.command("load")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_township
@_commit
@click.pass_obj
def load_flow(settings: Settings, file: Path, township: str | None, commit: bool) -> None:
    """Check the flow in FILE (TOML) and keep it as a new version; running cases keep theirs."""
    flow = read_flow(file)
    with opened(settings) as session:
        place = plans.township(session, township)
        keep_flow(session, place.id, flow)
        if not commit:
            session.rollback()
    click.echo(
        f"{flow.kind} flow, version {flow.version}: {len(flow.states)} states, "
        f"{len(flow.steps)} steps, {len(flow.clocks)} clocks"
    )
    if not commit:
        click.echo(DRY)
