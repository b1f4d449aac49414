"""Accounts: who can log in at all. Passwords are set elsewhere; none has a default."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid, NotAllowed, NotFound
from gisgrid.people.privacy.audit import note

_NAME = re.compile(r"[\w.@-]{2,64}")


@dataclass(frozen=True)
class AccountInfo:
    """An account without its secrets."""

    id: int
    name: str
    display_name: str
    active: bool
    has_password: bool
    staff_id: int | None
    last_login_at: datetime | None
    password_once: bool = False
    """The password was handed out, and is to be changed at the next log-in."""
    second_factor: bool = False


def login_name(words: str) -> str:
    """A log-in name in its one form of writing: full-width and capital letters are the same name.

    >>> login_name(" Ｗang.Fang ")
    'wang.fang'

    Raises
    ------
    Invalid
        Shorter than 2 or longer than 64 characters, or others than letters, digits and ``. _ @ -``.
    """
    name = unicodedata.normalize("NFKC", words).strip().casefold()
    if not _NAME.fullmatch(name):
        raise Invalid("A log-in name has 2 to 64 letters, digits and . _ @ -, without blanks.")
    return name


def account_named(session: Session, name: str) -> AccountInfo:
    """The account of a log-in name; NotFound if there is none."""
    row = (
        session.execute(text(_ACCOUNT + " WHERE name = :name"), {"name": login_name(name)})
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NotFound("There is no account {account!r}.", account=name)
    return AccountInfo(**row)


def accounts(session: Session) -> list[AccountInfo]:
    """All accounts, by name."""
    rows = session.execute(text(_ACCOUNT + ' ORDER BY name COLLATE "C"')).mappings()
    return [AccountInfo(**row) for row in rows]


def add_account(
    session: Session, name: str, display_name: str, *, staff_id: int | None = None
) -> AccountInfo:
    """A new account without password and appointment.

    Raises
    ------
    Conflict
        The name is taken.
    Invalid
        No log-in name, or nothing to display.
    """
    name, display_name = login_name(name), display_name.strip()
    if not display_name:
        raise Invalid("An account needs a name to be shown under.")
    new = session.scalar(
        text(
            "INSERT INTO account (name, display_name, staff_id, made_by_id) "
            "VALUES (:name, :shown, :staff, my_account()) "
            "ON CONFLICT (name) DO NOTHING RETURNING id"
        ),
        {"name": name, "shown": display_name, "staff": staff_id},
    )
    if new is None:
        raise Conflict("The account {account!r} exists.", account=name)
    note(session, "add", "account", new)
    return account_named(session, name)


def staff_named(session: Session, township: str | None, code: str) -> int:
    """Row number of a person of staff by code.

    Raises
    ------
    NotFound
        The township, or none without one, has nobody of that code.
    Invalid
        No township is named, and people of several have that code.
    """
    found = session.execute(
        text(
            "SELECT s.id, a.code FROM staff s JOIN area a ON a.id = s.township_id "
            "WHERE s.code = :code AND (CAST(:t AS text) IS NULL OR a.code = :t) "
            'ORDER BY a.code COLLATE "C"'
        ),
        {"code": code, "t": township},
    ).all()
    if not found:
        raise NotFound("There is no staff {staff!r}.", staff=code)
    if len(found) > 1:
        towns = [row.code for row in found]
        raise Invalid(
            "Staff of several townships have the code {code!r}; name one with --township: {townships}.",
            code=code,
            townships=towns,
        )
    return int(found[0].id)


def set_active(session: Session, name: str, *, active: bool) -> AccountInfo:
    """Disable or enable an account; a disabled one has no right from now on, and no session lives on.

    The store refuses to disable the last administrator of any ground (SQLSTATE GG020).

    Raises
    ------
    NotAllowed
        Whoever acts does not manage that account.
    """
    account = account_named(session, name)
    refuse_unmanaged(session, account)
    note(session, "enable" if active else "disable", "account", account.id)
    session.execute(
        text(
            "UPDATE account SET active = :active, fs_uniquifier = gen_random_uuid()::text "
            "WHERE id = :id AND active <> :active"
        ),
        {"id": account.id, "active": active},
    )
    return account_named(session, name)


def refuse_unmanaged(session: Session, account: AccountInfo) -> None:
    """NotAllowed if whoever acts may not manage an account: it holds a post above theirs, or beside."""
    if not session.scalar(
        text("SELECT owns_the_store() OR :id = ANY (accounts_below())"), {"id": account.id}
    ):
        raise NotAllowed(
            "The account {account} holds a post on ground that you do not administer; who administers there manages it.",
            account=account.name,
        )


_ACCOUNT = """
SELECT id, name, display_name, active, has_password, staff_id, last_login_at, password_once,
       tf_primary_method IS NOT NULL AS second_factor
FROM account
"""
