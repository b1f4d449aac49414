"""``gisgrid user`` and ``gisgrid audit``: who may what, and what was opened."""

from __future__ import annotations

import sys
from datetime import datetime

import click
from rich.table import Table
from rich.text import Text

from gisgrid.access import accounts, appointments, audit
from gisgrid.access.roles import ROLES
from gisgrid.cli.edge import opened, wide_console
from gisgrid.settings import Settings

_DAY = click.DateTime(["%Y-%m-%d"])
_commit = click.option(
    "--commit", is_flag=True, help="really write; otherwise only say what would happen"
)


@click.group()
def user() -> None:
    """Accounts and the roles they hold: a right is a role, in an area, for days."""


@user.command("add")
@click.argument("name")
@click.argument("display_name")
@click.option("--staff", help="code of the person of staff this is; needs --township")
@click.option("--township", help="code of the township of that person")
@_commit
@click.pass_obj
def add_user(
    settings: Settings,
    /,
    *,
    name: str,
    display_name: str,
    staff: str | None,
    township: str | None,
    commit: bool,
) -> None:
    """Make the account NAME for the log-in, shown as DISPLAY_NAME, without password and roles."""
    with opened(settings) as session:
        staff_id = accounts.staff_named(session, township, staff) if staff else None
        account = accounts.add_account(session, name, display_name, staff_id=staff_id)
        if not commit:
            session.rollback()
    click.echo(f"account {account.name} ({account.display_name})")
    _say_dry(commit=commit)


@user.command("list")
@click.pass_obj
def list_users(settings: Settings) -> None:
    """Accounts, and what they hold today or later."""
    with opened(settings, read_only=True) as session:
        known = accounts.accounts(session)
        held = appointments.appointments(session)
    table = Table(box=None)
    for head in (
        "account",
        "shown as",
        "active",
        "password",
        "appointment",
        "role",
        "where",
        "days",
    ):
        table.add_column(head)
    for account in known:
        facts = [
            account.name,
            account.display_name,
            "yes" if account.active else "no",
            "yes" if account.has_password else "none",
        ]
        own = [_appointment(each) for each in held if each.account == account.name]
        for line in own or [["", "", "", ""]]:
            table.add_row(*map(Text, [*facts, *line]))
            facts = ["", "", "", ""]
    wide_console().print(table)


@user.command("disable")
@click.argument("name")
@_commit
@click.pass_obj
def disable_user(settings: Settings, name: str, commit: bool) -> None:
    """Switch the account NAME off: it has no right from now on, and its sessions end."""
    _switch(settings, name, active=False, commit=commit)


@user.command("enable")
@click.argument("name")
@_commit
@click.pass_obj
def enable_user(settings: Settings, name: str, commit: bool) -> None:
    """Switch the account NAME on again, with the roles it still holds."""
    _switch(settings, name, active=True, commit=commit)


@user.group("role")
def role_group() -> None:
    """Give a role, end it, list roles and their rights."""


@role_group.command("give")
@click.argument("name")
@click.argument("role")
@click.option("--area", help="code of the county, township or community; without: everywhere")
@click.option("--grid", help="code of a grid of the township that --area names")
@click.option("--from", "since", type=_DAY, help="first day; default today")
@click.option("--until", type=_DAY, help="first day it no longer holds; default open")
@_commit
@click.pass_obj
def give_role(
    settings: Settings,
    /,
    *,
    name: str,
    role: str,
    area: str | None,
    grid: str | None,
    since: datetime | None,
    until: datetime | None,
    commit: bool,
) -> None:
    """Let the account NAME hold ROLE in an area or a grid."""
    with opened(settings) as session:
        new = appointments.appoint(
            session,
            name,
            role,
            area=area,
            grid=grid,
            since=since.date() if since else datetime.now().astimezone().date(),
            until=until and until.date(),
        )
        if not commit:
            session.rollback()
    click.echo(f"{new.account}: {', '.join(_appointment(new))}")
    _say_dry(commit=commit)


@role_group.command("end")
@click.argument("appointment", type=int)
@click.option("--on", "day", type=_DAY, help="first day it no longer holds; default today")
@_commit
@click.pass_obj
def end_role(settings: Settings, appointment: int, day: datetime | None, commit: bool) -> None:
    """Let the appointment of this number end; one that then never held is taken away."""
    last = day.date() if day else datetime.now().astimezone().date()
    with opened(settings) as session:
        left = appointments.end_appointment(session, appointment, last)
        if not commit:
            session.rollback()
    click.echo(f"{left.account}: {', '.join(_appointment(left))}" if left else "taken away")
    _say_dry(commit=commit)


@role_group.command("list")
@click.pass_obj
def list_roles(settings: Settings) -> None:
    """Every role with the levels it is held at and the rights it has in this store."""
    with opened(settings, read_only=True) as session:
        rights = appointments.rights_of_roles(session)
    table = Table(box=None)
    for head in ("role", "角色", "held at", "rights"):
        table.add_column(head)
    for name, role in ROLES.items():
        table.add_row(name, role.zh, ", ".join(role.levels), ", ".join(rights.get(name, ())))
    wide_console().print(table)


@click.group("audit")
def audit_group() -> None:
    """What was opened by whom and what for; whether the record is whole."""


@audit_group.command("list")
@click.option("--account", help="only of this account")
@click.option("--since", type=_DAY, help="only from this day on (UTC)")
@click.option("--subject", help="only of this table or thing")
@click.option("--row", type=int, help="only what opened the row of this number")
@click.option(
    "--limit",
    type=click.IntRange(1, 10_000),
    default=50,
    show_default=True,
    help="most entries to show",
)
@click.pass_obj
def list_audit(
    settings: Settings,
    /,
    *,
    account: str | None,
    since: datetime | None,
    subject: str | None,
    row: int | None,
    limit: int,
) -> None:
    """The newest entries first."""
    with opened(settings, read_only=True) as session:
        found = audit.entries(
            session,
            account=account,
            since=since and since.date(),
            subject=subject,
            row_id=row,
            limit=limit,
        )
    table = Table(box=None)
    for head in ("number", "when (UTC)", "who", "did", "to", "rows", "purpose", "from"):
        table.add_column(head)
    for e in found:
        rows = ", ".join(map(str, e.row_ids[:5])) + (" …" if len(e.row_ids) > 5 else "")
        line = [str(e.id), f"{e.at:%Y-%m-%d %H:%M:%S}", e.account_name, e.action, e.subject,
                f"{len(e.row_ids)}: {rows}", e.purpose or "", e.origin or ""]  # fmt: skip
        table.add_row(*map(Text, line))
    wide_console().print(table)


@audit_group.command("verify")
@click.option("--noted", metavar="HASH", help="a last hash noted on an earlier day")
@click.pass_obj
def verify_audit(settings: Settings, noted: str | None) -> None:
    """Compute the chain anew. Note the last hash elsewhere: it shows later if the end was cut off."""
    with opened(settings, read_only=True) as session:
        verdict = audit.verify(session, noted=noted)
    click.echo(f"{verdict.entries} entries, last hash {verdict.last_hash or '-'}")
    if verdict.broken is not None:
        click.echo(
            f"BROKEN at entry {verdict.broken}: it, or the one before it, was changed", err=True
        )
    if verdict.noted_found is False:
        click.echo("BROKEN: the noted hash is not in the chain; entries were cut off", err=True)
    if verdict.broken is not None or verdict.noted_found is False:
        sys.exit(1)
    click.echo("whole")


def _switch(settings: Settings, name: str, *, active: bool, commit: bool) -> None:
    with opened(settings) as session:
        account = accounts.set_active(session, name, active=active)
        if not commit:
            session.rollback()
    click.echo(f"{account.name} is {'active' if account.active else 'switched off'}")
    _say_dry(commit=commit)


def _appointment(each: appointments.AppointmentInfo) -> list[str]:
    where = " ".join(filter(None, (each.area, each.area_code, each.grid_code))) or "everywhere"
    return [str(each.id), each.role, where, f"{each.since} – {each.until or 'open'}"]


def _say_dry(*, commit: bool) -> None:
    if not commit:
        click.echo("dry run: nothing was written; add --commit to write")
