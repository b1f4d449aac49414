"""``gisgrid stale``, ``correction``, ``retention``, ``position``: what is owed to the people recorded."""

from __future__ import annotations

import getpass
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import click
from rich.table import Table
from rich.text import Text

from gisgrid.cli.coverage import as_of_option, township_option, xlsx_option
from gisgrid.cli.edge import FileToWrite, commit_option, connected, opened, say_dry, wide_console
from gisgrid.core import plans
from gisgrid.core.errors import AmbiguousAddress
from gisgrid.core.retention_periods import keeping_of
from gisgrid.core.settings import Settings
from gisgrid.db.store import Actor, transaction
from gisgrid.db.tables.duties import CORRECTION_STATES
from gisgrid.files.exports import write_workbook
from gisgrid.people import positions
from gisgrid.people.privacy import corrections, data_inventory, retention
from gisgrid.people.privacy.corrections import KIND_OF
from gisgrid.people.privacy.subject_access import subject, subject_sheets
from gisgrid.planning.snapshot.fetch import limits_of, local, today
from gisgrid.register.stale import stale, stale_sheet


@click.command("fields")
@township_option
@xlsx_option
@click.pass_obj
def fields_command(settings: Settings, township: str | None, xlsx: Path | None) -> None:
    """List every personal column with its purpose, its legal basis and how long it is kept."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        rows = data_inventory.declared(session, keeping_of(session, place.id))
    table = Table(box=None)
    for head in ("table", "column", "用途", "purpose", "basis", "kept"):
        table.add_column(head)
    for d in rows:
        kept = f"{d.days:g} days ({d.keeping})" if d.days is not None else d.keeping
        mark = " *" if d.sensitive else ""
        table.add_row(d.table, d.column + mark, d.purposes_zh, d.purposes_en, d.legal_basis, kept)
    wide_console().print(table)
    click.echo("* sensitive (PIPL 28)")
    if xlsx:
        write_workbook(xlsx, [data_inventory.fields_sheet(rows)])
        click.echo(f"{xlsx}: workbook written")


@click.command("stale")
@click.option(
    "--days", type=click.IntRange(0), help="more days than this; default limits.visit_days"
)
@click.option("--grid", help="only houses of this grid")
@click.option(
    "--show", type=click.IntRange(0), default=20, show_default=True, help="records listed"
)
@as_of_option
@township_option
@xlsx_option
@click.pass_obj
def stale_command(
    settings: Settings,
    /,
    *,
    days: int | None,
    grid: str | None,
    show: int,
    as_of: datetime | None,
    township: str | None,
    xlsx: Path | None,
) -> None:
    """List households and residents that were not verified for long: never first, then oldest."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        day = as_of.date() if as_of else today(place)
        if days is None:
            days = int(limits_of(session, place.id).visit_days)
        rows = stale(session, place.id, day, days=days, grid=grid)
    table = Table(box=None)
    for head in ("record", "code", "address", "room", "grid", "verified", "days"):
        table.add_column(head)
    for r in rows[:show]:
        cells = (r.table, r.code, r.address, r.room or "", r.grid or "")
        table.add_row(*map(Text, cells), str(r.verified_on or "never"), str(r.days or ""))
    wide_console().print(table)
    never = sum(r.verified_on is None for r in rows)
    click.echo(f"{len(rows)} records not verified for more than {days} days, {never} of them never")
    if xlsx:
        write_workbook(xlsx, [stale_sheet(rows)])
        click.echo(f"{xlsx}: workbook written")


@click.group()
def correction() -> None:
    """Take requests for correction, and decide them."""


@correction.command("ask")
@click.argument("table", type=click.Choice(list(KIND_OF)))
@click.argument("code")
@click.argument("column")
@click.argument("value")
@click.option("--by", "asked_by", required=True, help="who asks: the person concerned, or for them")
@township_option
@commit_option
@click.pass_obj
def ask_command(
    settings: Settings, /, *, table: str, code: str, column: str, value: str, asked_by: str,
    township: str | None, commit: bool,
) -> None:  # fmt: skip
    """Ask that COLUMN of the record CODE of TABLE be VALUE ("" for nothing)."""
    with opened(settings) as session:
        place = plans.township(session, township)
        number = corrections.ask(
            session, place.id, table=table, code=code, column=column, proposed=value,
            asked_by=asked_by,
        )  # fmt: skip
        if not commit:
            session.rollback()
    click.echo(f"request {number}")
    say_dry(commit=commit)


@correction.command("list")
@click.option("--state", type=click.Choice(CORRECTION_STATES), help="only these")
@township_option
@click.pass_obj
def list_corrections(settings: Settings, state: str | None, township: str | None) -> None:
    """List the requests, oldest first; values are told only where the request is decided."""
    with opened(settings, read_only=True) as session:
        place = plans.township(session, township)
        rows = corrections.corrections(session, place.id, state)
    table = Table(box=None)
    for head in ("number", "asked", "record", "column", "state", "decided", "reason"):
        table.add_column(head)
    for r in rows:
        decided = f"{local(r.decided_at, place):%Y-%m-%d} by {r.decided_by}" if r.decided_at else ""
        table.add_row(
            str(r.id), f"{local(r.asked_at, place):%Y-%m-%d}", Text(f"{r.table} {r.code or '(gone)'}"),
            r.column, r.state, Text(decided), Text(r.reason or ""),
        )  # fmt: skip
    wide_console().print(table)


def _decide(
    settings: Settings,
    number: int,
    *,
    accept: bool,
    reason: str | None,
    township: str | None,
    commit: bool,
) -> None:
    with opened(settings) as session:
        place = plans.township(session, township)
        done = corrections.decide(
            session, place.id, number, accept=accept, reason=reason,
            who=settings.who or getpass.getuser(),
        )  # fmt: skip
        if not commit:
            session.rollback()
    click.echo(f"request {number}: {done.state}")
    say_dry(commit=commit)


@correction.command("accept")
@click.argument("number", type=int)
@click.option("--reason", help="a remark")
@township_option
@commit_option
@click.pass_obj
def accept_command(
    settings: Settings, number: int, reason: str | None, township: str | None, commit: bool
) -> None:
    """Accept the request NUMBER: the record is changed, its former state kept in history."""
    _decide(settings, number, accept=True, reason=reason, township=township, commit=commit)


@correction.command("refuse")
@click.argument("number", type=int)
@click.option("--reason", required=True, help="why; it is told to whoever asked")
@township_option
@commit_option
@click.pass_obj
def refuse_command(
    settings: Settings, number: int, reason: str, township: str | None, commit: bool
) -> None:
    """Refuse the request NUMBER with a reason."""
    _decide(settings, number, accept=False, reason=reason, township=township, commit=commit)


@click.command("retention")
@as_of_option
@township_option
@commit_option
@click.pass_obj
def retention_command(
    settings: Settings, as_of: datetime | None, township: str | None, commit: bool
) -> None:
    """Delete what is past its time, in history too, look for what is left, and name the backups.

    Exit status 1: something is left. How long what is kept: gisgrid township --set keeping.NAME=DAYS.
    """
    with opened(settings) as session:
        place = plans.township(session, township)
        found = retention.retain(
            session,
            place,
            as_of.date() if as_of else today(place),
            who=settings.who or getpass.getuser(),
        )
        if not commit:
            session.rollback()
    _print_retention(found)
    say_dry(commit=commit)
    if found.left:
        sys.exit(1)


def _print_retention(found: retention.Retention) -> None:
    table = Table(title=f"as of {found.as_of}", box=None)
    for head in ("table", "kept for", "before"):
        table.add_column(head)
    for head in ("rows", "deleted", "emptied", "rows after"):
        table.add_column(head, justify="right")
    for line in found.lines:
        numbers = (line.rows_before, line.deleted, line.emptied, line.rows_after)
        table.add_row(line.table, f"keeping.{line.keeping}", str(line.before), *map(str, numbers))
    wide_console().print(table)
    p = found.positions
    click.echo(
        f"positions before {p.first_kept}: {p.positions} became totals of {p.totals} grids and days"
    )
    click.echo(f"former states of these rows deleted from history: {found.history_deleted}")
    click.echo(
        f"looked for {found.values} citizen IDs and telephones in {len(found.searched)} columns: "
        f"{found.left} rows left"
    )
    for s in found.searched:
        if s.left:
            click.echo(f"LEFT: {s.table}.{s.column} in {s.left} rows")
    for b in found.holding:
        late = " OVERDUE: destroy it" if b in found.overdue else ""
        click.echo(
            f"backup {b.id} of {b.made_at:%Y-%m-%d} still holds what was deleted since, until "
            f"{b.keep_until}: {b.path}{late}"
        )
    for name in found.kept_databases:
        click.echo(f"the database {name}, put aside by a restore, holds everything as it was")


@click.command("position")
@click.argument("staff")
@click.argument("lon", type=float)
@click.argument("lat", type=float)
@click.option(
    "--at", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), help="moment with its zone; default now"
)
@township_option
@commit_option
@click.pass_obj
def position_command(
    settings: Settings, /, *, staff: str, lon: float, lat: float, at: datetime | None,
    township: str | None, commit: bool,
) -> None:  # fmt: skip
    """Note where a person of STAFF is (WGS 84); kept for keeping.positions days, then as totals."""
    with opened(settings) as session:
        place = plans.township(session, township)
        new = positions.record_position(
            session, place, staff, lon=lon, lat=lat, at=at or datetime.now(UTC)
        )
        if not commit:
            session.rollback()
    click.echo("noted" if new else "known already")
    say_dry(commit=commit)


@click.command("subject")
@click.argument("address")
@click.argument("name")
@click.option("--purpose", required=True, help="what for; one of the declared purposes")
@click.option(
    "--born", type=click.DateTime(["%Y-%m-%d"]), help="day of birth, of several of a name"
)
@township_option
@click.option(
    "--json",
    "json_file",
    type=FileToWrite(),
    help="JSON file to write",
)
@xlsx_option
@click.pass_obj
def subject_command(
    settings: Settings, /, *, address: str, name: str, purpose: str, born: datetime | None,
    township: str | None, json_file: Path | None, xlsx: Path | None,
) -> None:  # fmt: skip
    """Give everything held on the person NAME at ADDRESS; that it was read stands in the audit."""
    actor = Actor(purpose=purpose, origin=f"terminal: {settings.who or getpass.getuser()}")
    try:
        with connected(settings) as engine, transaction(engine, actor=actor) as session:
            place = plans.township(session, township)
            found = subject(session, place, address, name, born=born.date() if born else None)
            # Before the commit: what is handed out is on the audit, and the other way round.
            if json_file:
                words = json.dumps(found.as_json(), ensure_ascii=False, indent=1)
                json_file.write_text(words + "\n", encoding="utf-8")
            if xlsx:
                write_workbook(xlsx, subject_sheets(found))
    except AmbiguousAddress as which:
        for candidate in cast("list[dict[str, str]]", which.facts["candidates"]):
            click.echo(f"{candidate['address']} ({candidate['code']})")
        raise
    for path in (json_file, xlsx):
        if path:
            click.echo(f"{path}: written")
    if json_file or xlsx:
        return
    for section in found.sections:
        click.echo(f"{section.zh} {section.table}: {len(section.rows)}")
        for row in section.rows:
            click.echo("  " + json.dumps(row, ensure_ascii=False))
