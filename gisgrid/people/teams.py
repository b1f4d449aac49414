"""The 1+N team of each grid, and changing it: who leads from a day, who joins, who leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Date, delete, func, text, update
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid, NotAllowed, NotFound
from gisgrid.core.messages import say
from gisgrid.core.plans import TownshipInfo
from gisgrid.db.tables import Base
from gisgrid.db.tables.people import ROLES
from gisgrid.people.privacy.audit import note

TEAM_WORDS = {
    "leader": say("Grid leader"),
    "worker": say("Grid worker"),
    "sinking_force": say("Sinking force"),
    "social_force": say("Social force"),
}


@dataclass(frozen=True)
class TeamPart:
    """One person's part in a team, today or later."""

    id: int
    role: str
    """One of ``ROLES``."""
    staff: str
    name: str | None
    """None: whoever asks may not know it."""
    since: date
    until: date | None
    """First day without it; None: open."""
    begun: bool
    stands_in_for: str | None = None
    """Code of the leader who leads before and again afterwards."""


@dataclass(frozen=True)
class GridTeam:
    """A grid of the plan in force, or of the newest there is, with its team."""

    code: str
    name: str
    community: str
    community_en: str | None
    parts: tuple[TeamPart, ...]

    def of(self, role: str) -> tuple[TeamPart, ...]:
        """Those who have a part of this kind today."""
        return tuple(part for part in self.parts if part.role == role and part.begun)

    @property
    def coming(self) -> tuple[TeamPart, ...]:
        """Parts that begin later."""
        return tuple(part for part in self.parts if not part.begun)


@dataclass(frozen=True)
class StaffChoice:
    """A person of the staff, to be chosen."""

    code: str
    name: str | None


def teams(session: Session, place: TownshipInfo, day: date) -> list[GridTeam]:
    """Every grid with its team, by code; empty before there is any plan."""
    parts: dict[str, list[TeamPart]] = {}
    for row in session.execute(text(_PARTS), {"t": place.id, "day": day}).mappings():
        values = dict(row)
        parts.setdefault(values.pop("grid_code"), []).append(TeamPart(**values))
    rows = session.execute(text(_GRIDS), {"t": place.id, "day": day}).mappings()
    return [GridTeam(**row, parts=tuple(parts.get(row["code"], ()))) for row in rows]


def team_of(session: Session, place: TownshipInfo, grid: str, day: date) -> GridTeam:
    """The team of one grid; NotFound: the plan has no such grid."""
    found = next((team for team in teams(session, place, day) if team.code == grid), None)
    if found is None:
        raise NotFound("There is no grid {grid!r} in {place}.", place=place.name, grid=grid)
    return found


def staff_choices(session: Session, township_id: int) -> list[StaffChoice]:
    """The staff of a township by code."""
    rows = session.execute(text(_STAFF), {"t": township_id}).mappings()
    return [StaffChoice(**row) for row in rows]


def lead(
    session: Session,
    place: TownshipInfo,
    grid: str,
    staff: str,
    *,
    since: date,
    until: date | None = None,
) -> None:
    """Hand a grid over to another leader from a day; with ``until`` whoever led before leads again from then.

    Every day keeps exactly one leader. The posts of their accounts in the grid follow, where whoever acts
    administers there.

    Raises
    ------
    Invalid
        The days are none.
    Conflict
        That person leads the grid on all those days.
    NotFound
        No such person of the township's staff, or no such grid.
    NotAllowed
        Whoever acts keeps no teams there.
    """
    values = _checked(session, place, grid, staff, (since, until))
    held = session.execute(text(_LEADERS), values).all()
    if [row.staff_id for row in held] == [values["staff"]] and held[0].whole:
        raise Conflict(
            "{staff} leads grid {grid} from {since} on already.",
            staff=staff,
            grid=grid,
            since=held[0].since,
        )
    _cut(session, "team_member", [row.id for row in held], since)
    new = session.scalar(text(_PUT), {**values, "role": "leader"})
    if until is not None:
        for row in held:
            if row.until is None or row.until > until:
                again = session.scalar(
                    text(_PUT),
                    {**values, "staff": row.staff_id, "since": until, "until": row.until, "role": "leader"},
                )  # fmt: skip
                note(session, "lead", "team_member", again)
    note(session, "lead", "team_member", new)
    _move_posts(session, values)


def join(
    session: Session,
    place: TownshipInfo,
    grid: str,
    staff: str,
    role: str,
    *,
    since: date,
    until: date | None = None,
) -> None:
    """Let a person of the staff join a team, as anything but its leader.

    Raises
    ------
    Invalid
        No such kind of member; a leader, who is handed the grid over; or days that are none.
    Conflict
        The person has this part on one of the days.
    NotFound, NotAllowed
        As `lead`.
    """
    if role not in ROLES or role == "leader":
        raise Invalid(
            "A member joins as worker, sinking force or social force; the lead is handed over."
        )
    values = {**_checked(session, place, grid, staff, (since, until)), "role": role}
    there = session.execute(text(_TWICE), values).first()
    if there is not None:
        raise Conflict(
            "{staff} has this part in grid {grid} from {since} on.",
            staff=staff,
            grid=grid,
            since=there.since,
        )
    note(session, "join", "team_member", session.scalar(text(_PUT), values))


def leave(session: Session, place: TownshipInfo, part_id: int, on: date) -> None:
    """Let a part end before a day. A leader's ends too: the grid then has none until one is named.

    Raises
    ------
    NotFound
        No such part in the township.
    Conflict
        It ends before that day anyway.
    NotAllowed
        Whoever acts keeps no teams there.
    """
    _refuse_strangers(session, place)
    row = session.execute(
        text(
            "SELECT upper(during) AS until, role, grid_code FROM team_member "
            "WHERE id = :id AND township_id = :t"
        ),
        {"id": part_id, "t": place.id},
    ).first()
    if row is None:
        raise NotFound(
            "There is no part {part_id} in a team of {place}.", part_id=part_id, place=place.name
        )
    if row.until is not None and row.until < on:
        raise Conflict("This part ends on {until} already.", until=row.until)
    note(session, "leave", "team_member", part_id)
    _cut(session, "team_member", [part_id], on)
    if row.role == "leader":
        end_posts(session, {"t": place.id, "grid": row.grid_code, "since": on, "until": row.until})


def add_staff(
    session: Session, place: TownshipInfo, code: str, name: str, *, phone: str = "", body: str = ""
) -> None:
    """A new person of a township's staff; Conflict: the code is taken; Invalid: no code or name."""
    _refuse_strangers(session, place)
    code, name = code.strip(), name.strip()
    if not code or not name:
        raise Invalid("A person of the staff needs a code and a name.")
    new = session.scalar(
        text(_NEW),
        {"t": place.id, "code": code, "name": name, "phone": phone.strip() or None, "body": body.strip() or None},
    )  # fmt: skip
    if new is None:
        raise Conflict("The staff code {code!r} is taken.", code=code)
    note(session, "add", "staff", new)


def _checked(
    session: Session, place: TownshipInfo, grid: str, staff: str, days: tuple[date, date | None]
) -> dict[str, object]:
    since, until = days
    _refuse_strangers(session, place)
    if until is not None and until <= since:
        raise Invalid("From {since} until {until} there is no day.", since=since, until=until)
    values: dict[str, object] = {"t": place.id, "grid": grid, "since": since, "until": until}
    if not session.scalar(text(_KNOWN_GRID), values):
        raise NotFound("There is no grid {grid!r} in {place}.", place=place.name, grid=grid)
    person = session.scalar(
        text("SELECT id FROM staff WHERE township_id = :t AND code = :code"),
        {"t": place.id, "code": staff.strip()},
    )
    if person is None:
        raise NotFound("There is no staff {staff!r}.", staff=staff)
    return {**values, "staff": person}


def _refuse_strangers(session: Session, place: TownshipInfo) -> None:
    allowed = session.scalar(
        text("SELECT owns_the_store() OR :t = ANY (my_townships('load'))"), {"t": place.id}
    )
    if not allowed:
        raise NotAllowed(
            "This is for who may {rights} in all of {town}.", rights=["load"], town=place.name
        )


def _cut(session: Session, table: str, rows: list[int], day: object) -> None:
    """End rows before a day; those that then never were go."""
    parts = Base.metadata.tables[table]
    begins, these = func.lower(parts.c.during, type_=Date), parts.c.id.in_(rows)
    session.execute(delete(parts).where(these, begins >= day))
    session.execute(
        update(parts).values(during=func.daterange(begins, day)).where(these, begins < day)
    )


def _move_posts(session: Session, values: dict[str, object]) -> None:
    """Whoever acts for the grid in the system is whoever leads it."""
    if (held := end_posts(session, values)) is None:
        return
    until = values["until"]
    account = session.scalar(
        text("SELECT id FROM account WHERE staff_id = :staff AND active ORDER BY id LIMIT 1"),
        values,
    )
    if account is not None:
        new = session.scalar(text(_POST), {**values, "account": account})
        note(session, "appoint", "appointment", new)
    if isinstance(until, date):
        for row in held:
            if row.until is None or row.until > until:
                again = session.scalar(
                    text(_POST),
                    {**values, "account": row.account_id, "since": until, "until": row.until},
                )
                note(session, "appoint", "appointment", again)


def end_posts(session: Session, values: dict[str, object]) -> Sequence[Any] | None:
    """End the leaders' posts of a grid from a day; those that were held. None where others give posts.

    Parameters
    ----------
    values
        ``t`` the township, ``grid`` the code, and the days ``since`` and ``until``, None for no end: posts that are
        held on one of them end.
    """
    if not session.scalar(text("SELECT owns_the_store() OR administers(:t)"), values):
        return None
    held = session.execute(text(_POSTS), values).all()
    _cut(session, "appointment", [row.id for row in held], values["since"])
    for row in held:
        note(session, "end", "appointment", row.id)
    return held


_GRIDS = """
SELECT g.code, g.name, c.name AS community, c.name_en AS community_en
FROM grid g JOIN area c ON c.id = g.community_id
WHERE g.plan_id = (
    SELECT p.id FROM plan p WHERE p.township_id = :t
    ORDER BY p.validity @> CAST(:day AS date) DESC NULLS LAST, p.validity IS NULL, p.id DESC LIMIT 1)
ORDER BY g.code COLLATE "C"
"""

# A leader between two spans of one other person stands in for that person.
_PARTS = """
SELECT m.grid_code, m.id, m.role, s.code AS staff, coalesce(n.name, CASE WHEN m.role = 'leader' THEN l.name END, k.display_name) AS name,
       lower(m.during) AS since, upper(m.during) AS until, m.during @> CAST(:day AS date) AS begun,
       (SELECT q.code FROM team_member b JOIN team_member a ON a.staff_id = b.staff_id
            AND a.grid_code = b.grid_code AND a.role = 'leader' AND lower(a.during) = upper(m.during)
        JOIN staff q ON q.id = b.staff_id
        WHERE m.role = 'leader' AND b.role = 'leader' AND b.township_id = m.township_id
          AND a.township_id = m.township_id AND b.grid_code = m.grid_code
          AND upper(b.during) = lower(m.during) LIMIT 1) AS stands_in_for
FROM team_member m JOIN staff s ON s.id = m.staff_id
LEFT JOIN masked_staff n ON n.id = s.id
LEFT JOIN grid_leader l ON m.role = 'leader' AND l.township_id = m.township_id AND l.grid_code = m.grid_code
    AND l.during = m.during
LEFT JOIN LATERAL (SELECT display_name FROM account WHERE staff_id = s.id ORDER BY id LIMIT 1) k ON true
WHERE m.township_id = :t AND coalesce(upper(m.during), 'infinity') > CAST(:day AS date)
ORDER BY m.grid_code, array_position(ARRAY['leader', 'worker', 'sinking_force', 'social_force'], m.role),
         lower(m.during), s.code COLLATE "C"
"""

_STAFF = """
SELECT s.code, coalesce(n.name, (SELECT k.display_name FROM account k WHERE k.staff_id = s.id ORDER BY k.id LIMIT 1)) AS name
FROM staff s LEFT JOIN masked_staff n ON n.id = s.id
WHERE s.township_id = :t ORDER BY s.code COLLATE "C"
"""

_KNOWN_GRID = """
SELECT EXISTS (SELECT FROM plan p JOIN grid g ON g.plan_id = p.id WHERE p.township_id = :t AND g.code = :grid)
"""

_LEADERS = """
SELECT id, staff_id, lower(during) AS since, upper(during) AS until,
       during @> daterange(:since, CAST(:until AS date)) AS whole
FROM team_member
WHERE township_id = :t AND grid_code = :grid AND role = 'leader' AND during && daterange(:since, CAST(:until AS date))
ORDER BY lower(during)
"""

_TWICE = """
SELECT lower(during) AS since FROM team_member
WHERE township_id = :t AND grid_code = :grid AND staff_id = :staff AND role = :role
  AND during && daterange(:since, CAST(:until AS date)) LIMIT 1
"""

_PUT = """
INSERT INTO team_member (township_id, staff_id, grid_code, role, during)
VALUES (:t, :staff, :grid, :role, daterange(:since, CAST(:until AS date))) RETURNING id
"""

_NEW = """
INSERT INTO staff (township_id, code, name, phone, body) VALUES (:t, :code, :name, :phone, :body)
ON CONFLICT (township_id, code) DO NOTHING RETURNING id
"""

_POSTS = """
SELECT id, account_id, upper(during) AS until FROM appointment
WHERE area_id = :t AND grid_code = :grid AND role = 'grid_leader' AND during && daterange(:since, CAST(:until AS date))
ORDER BY lower(during)
"""

_POST = """
INSERT INTO appointment (account_id, role, area_id, grid_code, during)
VALUES (:account, 'grid_leader', :t, :grid, daterange(:since, CAST(:until AS date))) RETURNING id
"""
