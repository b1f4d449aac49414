"""``gisgrid user``: who can log in, as what, and for how long; passwords and tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click
from rich.table import Table
from sqlalchemy.orm import Session

from gisgrid.cli.edge import commit_option, opened, say_dry, wide_console
from gisgrid.core import plans
from gisgrid.core.rights import RIGHT_WORDS
from gisgrid.core.roles import ROLES
from gisgrid.core.settings import Settings
from gisgrid.people import accounts, appointments, login, tokens
from gisgrid.people.passwords import random_password
from gisgrid.planning.snapshot.fetch import local

_day = click.DateTime(["%Y-%m-%d"])


@click.group()
def user() -> None:
    """Accounts: add, give roles, passwords and tokens, switch off."""


@contextmanager
def _writing(settings: Settings, commit: bool) -> Iterator[Session]:
    with opened(settings) as session:
        yield session
        if not commit:
            session.rollback()
    say_dry(commit=commit)


def _told_once(what: str, secret: str, *, commit: bool) -> None:
    # Of a dry run it would open nothing.
    click.echo(f"{what} (told this once): {secret}" if commit else f"{what}: told with --commit")


@user.command("list")
@click.pass_obj
def list_command(settings: Settings) -> None:
    """All accounts with the appointments that hold today or will."""
    table = Table("account", "shown as", "state", "role", "area", "grid", "from", "until", "number")
    with opened(settings, read_only=True) as session:
        held = appointments.appointments(session)
        known = accounts.accounts(session)
    for each in known:
        state = "on" if each.active else "off"
        own = [a for a in held if a.account == each.name]
        for n, a in enumerate(own or [None]):
            first = (each.name, each.display_name, state) if n == 0 else ("", "", "")
            rest = (
                (a.role, a.area or "everywhere", a.grid_code or "", str(a.since), str(a.until or ""), str(a.id))
                if a
                else ("",) * 6
            )  # fmt: skip
            table.add_row(*first, *rest)
    wide_console().print(table)


@user.command("add")
@click.argument("name")
@click.argument("shown")
@click.option("--staff", help="code of the person of staff this is")
@click.option("--township", help="code of the township of that person")
@commit_option
@click.pass_obj
def add_command(
    settings: Settings,
    /,
    *,
    name: str,
    shown: str,
    staff: str | None,
    township: str | None,
    commit: bool,
) -> None:
    """Add the account NAME, shown on pages as SHOWN, with a random password; it has no role yet."""
    secret = random_password()
    with _writing(settings, commit) as session:
        staff_id = accounts.staff_named(session, township, staff) if staff else None
        account = accounts.add_account(session, name, shown, staff_id=staff_id)
        login.set_password(session, account.name, secret)
        click.echo(f"account {account.name}: {account.display_name}")
    _told_once("password", secret, commit=commit)


@user.command("first")
@click.argument("name")
@click.argument("shown")
@commit_option
@click.pass_obj
def first_command(settings: Settings, /, *, name: str, shown: str, commit: bool) -> None:
    """Make the first administrator: NAME, shown as SHOWN, of everything; all others are made in the browser.

    The password is good once. Where somebody administers everything already, nothing is made.
    """
    secret = random_password()
    with _writing(settings, commit) as session:
        account = appointments.add_first_administrator(session, name, shown)
        login.set_password(session, account.name, secret, once=True)
        click.echo(f"account {account.name}: {account.display_name}, administrator of everything")
    _told_once("password", secret, commit=commit)


@user.command("password")
@click.argument("name")
@click.option("--ask", is_flag=True, help="ask for the new password; otherwise it is a random one")
@commit_option
@click.pass_obj
def password_command(settings: Settings, /, name: str, ask: bool, commit: bool) -> None:
    """Give the account NAME a new password; its sessions end and its lock opens."""
    secret = (
        click.prompt("new password", hide_input=True, confirmation_prompt=True)
        if ask
        else random_password()
    )
    with _writing(settings, commit) as session:
        login.set_password(session, name, secret)
    if not ask:
        _told_once("password", secret, commit=commit)


@user.command("second-factor")
@click.argument("name")
@commit_option
@click.pass_obj
def second_factor_command(settings: Settings, /, name: str, commit: bool) -> None:
    """Take a lost authenticator off the account NAME; another is set up at its next log-in."""
    with _writing(settings, commit) as session:
        login.drop_second_factor(session, name)


@user.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(list(ROLES)))
@click.option(
    "--area",
    help="code of a county, township or community (TOWNSHIP/CODE if several have it); none: everywhere",
)
@click.option("--grid", help="code of a grid; --area is then its township")
@click.option("--from", "since", type=_day, help="first day; default today")
@click.option("--until", type=_day, help="first day on which it no longer holds")
@commit_option
@click.pass_obj
def role_command(
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
    """Appoint the account NAME to ROLE in an area or grid for a span of days."""
    with _writing(settings, commit) as session:
        made = appointments.appoint(
            session, name, role, area=area, grid=grid, since=since and since.date(),
            until=until and until.date(),
        )  # fmt: skip
        where = made.grid_code or made.area or "everywhere"
        click.echo(f"appointment {made.id}: {made.account} is {role} of {where} from {made.since}")


@user.command("end")
@click.argument("number", type=int)
@click.option("--on", type=_day, help="first day on which it no longer holds; default today")
@commit_option
@click.pass_obj
def end_command(settings: Settings, /, number: int, on: datetime | None, commit: bool) -> None:
    """End the appointment of a NUMBER of `gisgrid user list`."""
    with _writing(settings, commit) as session:
        appointments.end_appointment(session, number, on and on.date())


@user.command("roles")
@click.pass_obj
def roles_command(settings: Settings) -> None:
    """Every role with the levels it is held at and the rights it has in this store."""
    with opened(settings, read_only=True) as session:
        rights = appointments.rights_of_roles(session)
    table = Table("role", "角色", "held at", "rights", box=None)
    for name, role in ROLES.items():
        table.add_row(
            name, role.in_language("zh"), ", ".join(role.levels), ", ".join(rights.get(name, ()))
        )
    wide_console().print(table)


def _switch(name: str, active: bool, doc: str) -> Callable[..., Any]:
    @user.command(name, help=doc)
    @click.argument("name")
    @commit_option
    @click.pass_obj
    def command(settings: Settings, /, name: str, commit: bool) -> None:
        with _writing(settings, commit) as session:
            accounts.set_active(session, name, active=active)

    return command


disable_command = _switch(
    "disable", False, "Switch the account NAME off; its sessions end at once."
)
enable_command = _switch("enable", True, "Switch the account NAME on again.")


@user.command("token")
@click.argument("name")
@click.argument("token")
@click.option(
    "--scope", "scopes", multiple=True, required=True, type=click.Choice(list(RIGHT_WORDS)),
    help="a right it may use, of those its account has; repeatable",
)  # fmt: skip
@click.option("--days", type=int, default=90, show_default=True, help="how long it counts")
@commit_option
@click.pass_obj
def token_command(
    settings: Settings,
    /,
    *,
    name: str,
    token: str,
    scopes: tuple[str, ...],
    days: int,
    commit: bool,
) -> None:
    """Make a token called TOKEN, with which a program acts as the account NAME."""
    with _writing(settings, commit) as session:
        made, secret = tokens.add_token(session, name, token, list(scopes), days=days)
        places = plans.townships(session)
        ends = local(made.expires_at, places[0]) if places else made.expires_at
        click.echo(f"token {made.name} of {made.account} until {ends:%Y-%m-%d %H:%M %Z}")
    _told_once("token", secret, commit=commit)


@user.command("revoke")
@click.argument("name")
@click.argument("token")
@commit_option
@click.pass_obj
def revoke_command(settings: Settings, /, name: str, token: str, commit: bool) -> None:
    """End the token called TOKEN of the account NAME now."""
    with _writing(settings, commit) as session:
        tokens.revoke_token(session, name, token)
