"""Appointments: an account holds a role, in an area, for days. Nothing else gives a right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.areas import area_coded
from gisgrid.core.errors import Conflict, Invalid, NotAllowed, NotFound
from gisgrid.core.messages import message
from gisgrid.core.roles import ROLES
from gisgrid.people.accounts import AccountInfo, account_named, add_account
from gisgrid.people.privacy.audit import note

RIGHTS_CHANNEL = "rights_changed"
"""On which the store tells whose rights have changed: the account's number, or empty for everybody's."""


@dataclass(frozen=True)
class AppointmentInfo:
    """One appointment; ``until`` is the first day it no longer holds, None: open."""

    id: int
    account: str
    role: str
    area_id: int | None
    """None: everywhere."""
    area_code: str | None
    area: str | None
    grid_code: str | None
    since: date
    until: date | None


@dataclass(frozen=True)
class HeldRight:
    """A right that an account has on a day, through a role in an area."""

    right: str
    role: str
    area_id: int | None
    area_code: str | None
    grid_code: str | None


def appoint(
    session: Session,
    account: str,
    role: str,
    *,
    area: str | None = None,
    grid: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> AppointmentInfo:
    """Give an account a role in an area (a code of the tree) or in a grid of a township.

    Parameters
    ----------
    area
        Code of a county, township or community, ``TOWNSHIP/CODE`` where several have it; None:
        everywhere, for roles that are held so.
    grid
        Code of a grid of some plan of the township ``area``.
    since
        First day; None: today, as the area's township has it.
    until
        First day on which it no longer holds.

    Raises
    ------
    Invalid
        No such role, a role that is not held at that level, or days that are none.
    NotFound
        No such account; or the area or grid is not in the tree.
    Conflict
        The account holds this role there already on one of the days; or the grid has a leader.
    NotAllowed
        Whoever acts does not administer that ground, or the account stands above them.
    """
    who = account_named(session, account)
    area, grid = area or None, grid or None
    if role not in ROLES:
        raise Invalid("There is no role {role!r}; known: {known}.", role=role, known=list(ROLES))
    area_id, level = _place(session, area, grid)
    since = since or _today(session, area_id)
    if until is not None and until <= since:
        raise Invalid("From {since} until {until} there is no day.", since=since, until=until)
    if level not in ROLES[role].levels:
        raise Invalid(
            "The role {role} is held at the level of {levels}, not of {level}.",
            role=role,
            levels=list(ROLES[role].levels),
            level=level,
        )
    values = {
        "account": who.id,
        "role": role,
        "area": area_id,
        "grid": grid,
        "since": since,
        "until": until,
    }
    _refuse_above(session, who.id, who.name, area_id, area)
    _refuse_twice(session, values)
    new = session.scalar(text(_PUT), values)
    note(session, "appoint", "appointment", new)
    return _appointment(session, new)


def add_first_administrator(session: Session, name: str, display_name: str) -> AccountInfo:
    """A new account that administers everything, in a store where nobody who can log in does.

    Raises
    ------
    Conflict
        Somebody does; or the name is taken.
    Invalid
        As `gisgrid.people.accounts.add_account`.
    """
    there = session.scalar(text("SELECT administrators_on(NULL) @> today_in(NULL)"))
    if there:
        raise Conflict(
            "Somebody administers everything already: they make other accounts, in the browser or with `gisgrid user`."
        )
    account = add_account(session, name, display_name)
    appoint(session, account.name, "administrator")
    return account


def end_appointment(
    session: Session, appointment_id: int, until: date | None = None
) -> AppointmentInfo | None:
    """Let an appointment hold until before a day, of its township's today; None if it then never held.

    Raises
    ------
    NotFound
        No such appointment.
    Conflict
        It ends before that day anyway.
    """
    known = _appointment(session, appointment_id)
    account = account_named(session, known.account)
    _refuse_above(session, account.id, account.name, known.area_id, known.area_code)
    until = until or _today(session, known.area_id)
    if known.until is not None and known.until < until:
        raise Conflict(
            "Appointment {appointment_id} ends before {until} already.",
            appointment_id=appointment_id,
            until=str(known.until),
        )
    note(session, "end", "appointment", appointment_id)
    if until <= known.since:
        session.execute(text("DELETE FROM appointment WHERE id = :id"), {"id": appointment_id})
        return None
    session.execute(
        text("UPDATE appointment SET during = daterange(lower(during), :until) WHERE id = :id"),
        {"id": appointment_id, "until": until},
    )
    return _appointment(session, appointment_id)


def appointments(session: Session, account: str | None = None) -> list[AppointmentInfo]:
    """The appointments of an account, or of all, past ones too; by account, first day and number."""
    rows = session.execute(
        text(
            _APPOINTMENT + " WHERE CAST(:account AS bigint) IS NULL OR m.account_id = :account "
            'ORDER BY k.name COLLATE "C", lower(m.during), m.id'
        ),
        {"account": account and account_named(session, account).id},
    )
    return [AppointmentInfo(**row) for row in rows.mappings()]


def rights(session: Session, account_id: int) -> list[HeldRight]:
    """The rights an account has today (in its townships' zone), by right, area and grid.

    An account that is disabled has none.
    """
    return [
        HeldRight(**row)
        for row in session.execute(text(_RIGHTS), {"account": account_id}).mappings()
    ]


def rights_of_roles(session: Session) -> dict[str, tuple[str, ...]]:
    """What each role may in this store, by role; both in order of name."""
    found: dict[str, tuple[str, ...]] = {}
    for row in session.execute(text("SELECT role, right_name FROM role_right ORDER BY 1, 2")):
        found[row.role] = (*found.get(row.role, ()), row.right_name)
    return found


def _today(session: Session, area_id: int | None) -> date:
    """The day that counts for an appointment to an area, as the policies have it."""
    found = session.scalar(text("SELECT today_in(CAST(:area AS bigint))"), {"area": area_id})
    assert isinstance(found, date)  # noqa: S101 - narrows the type
    return found


def _place(session: Session, area: str | None, grid: str | None) -> tuple[int | None, str]:
    if area is None:
        if grid is not None:
            raise Invalid("A grid's code needs its township: give the area too.")
        return None, "everywhere"
    row = area_coded(session, area)
    if grid is None:
        return row.id, row.level
    known = row.level == "township" and session.scalar(
        text(
            "SELECT EXISTS (SELECT FROM plan p JOIN grid g ON g.plan_id = p.id "
            "WHERE p.township_id = :t AND g.code = :grid)"
        ),
        {"t": row.id, "grid": grid},
    )
    if not known:
        raise NotFound(
            "No plan of the township {area!r} has a grid {grid!r}.", area=area, grid=grid
        )
    return row.id, "grid"


def _refuse_above(
    session: Session, account_id: int, account: str, area_id: int | None, area: str | None
) -> None:
    row = session.execute(
        text(
            "SELECT owns_the_store() AS owner, administers(:area) AS mine, stands_above(:account) AS above"
        ),
        {"area": area_id, "account": account_id},
    ).one()
    if row.owner:
        return
    if not row.mine:
        raise NotAllowed(
            "You do not administer {area}; posts there are given and ended by who does.",
            area=area or message("everything"),
        )
    if row.above:
        raise NotAllowed(
            "The account {account} holds a post above yours; its posts are not yours to change.",
            account=account,
        )


def _refuse_twice(session: Session, values: dict[str, object]) -> None:
    # The constraints would refuse as well, without saying who is in the way.
    row = session.execute(text(_IN_THE_WAY), values).first()
    if row is None:
        return
    if row.same:
        raise Conflict(
            "This account holds the role there from {since} on (appointment {appointment}).",
            since=row.since,
            appointment=row.id,
        )
    raise Conflict(
        "The grid has a leader from {since} on (appointment {appointment}); end that one first.",
        since=row.since,
        appointment=row.id,
        possible_from=str(row.until) if row.until else None,
    )


def _appointment(session: Session, appointment_id: int | None) -> AppointmentInfo:
    row = (
        session.execute(text(_APPOINTMENT + " WHERE m.id = :id"), {"id": appointment_id})
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NotFound("There is no appointment {appointment_id}.", appointment_id=appointment_id)
    return AppointmentInfo(**row)


_APPOINTMENT = """
SELECT m.id, k.name AS account, m.role, a.id AS area_id, a.code AS area_code, a.name AS area, m.grid_code,
       lower(m.during) AS since, upper(m.during) AS until
FROM appointment m JOIN account k ON k.id = m.account_id LEFT JOIN area a ON a.id = m.area_id
"""

_PUT = """
INSERT INTO appointment (account_id, role, area_id, grid_code, during)
VALUES (:account, :role, :area, :grid, daterange(:since, :until)) RETURNING id
"""

_IN_THE_WAY = """
SELECT m.id, m.account_id = :account AS same, lower(m.during) AS since, upper(m.during) AS until
FROM appointment m
WHERE m.role = :role AND m.area_id IS NOT DISTINCT FROM CAST(:area AS bigint)
  AND m.grid_code IS NOT DISTINCT FROM CAST(:grid AS text)
  AND m.during && daterange(:since, :until)
  AND (m.account_id = :account OR m.role = 'grid_leader')
ORDER BY same DESC, m.id LIMIT 1
"""

_RIGHTS = """
SELECT DISTINCT r.right_name AS "right", m.role, a.id AS area_id, a.code AS area_code, m.grid_code
FROM appointment m JOIN account k ON k.id = m.account_id AND k.active
JOIN role_right r ON r.role = m.role LEFT JOIN area a ON a.id = m.area_id
WHERE m.account_id = :account AND m.during @> today_in(m.area_id)
ORDER BY 1, 3 NULLS FIRST, 4 NULLS FIRST, 2
"""
