"""What does the page of a case say? Its event and place, and the next steps that one person may take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.cases import CaseActor, CaseNow, LogEntry, Owner, next_steps
from gisgrid.cases.flow import Flow, Step, flow_by_id
from gisgrid.cases.tickets import meant
from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.db.tables.cases import LEVELS


@dataclass(frozen=True)
class CaseView:
    """The event behind a case; no word of whoever reported is in it."""

    event_id: int
    code: str
    matter_id: int
    matter_code: str
    matter: str
    matter_en: str | None
    office: str | None
    """The responsible office."""
    filing_rule: str | None
    closing_rule: str | None
    note: str | None
    asks_photo: bool
    reported_at: datetime
    source: str | None
    lon: float | None
    """EPSG:4326; None with ``lat``: no place is known."""
    lat: float | None
    plan_id: int | None
    """The plan in force; None: there is none."""
    grid_code: str | None
    """Of the place under the plan in force; None: in no grid, or no place."""
    grid: str | None
    community: str | None
    community_en: str | None
    reported_grid_code: str | None
    """At report time, kept for ever."""
    border_m: float | None
    """To the next grid's border, where that is near."""


@dataclass(frozen=True)
class Choice:
    """Somebody to whom a case can be given."""

    key: str
    """``grid:CODE``, ``office:NAME`` or ``staff:NUMBER:GRID``."""
    name: str


@dataclass(frozen=True)
class Picked:
    """A photo of a case."""

    id: int
    shows: str
    added_at: datetime
    far_m: float | None
    """From where the camera stood to the event's place, if the camera said."""


def sheet(session: Session, case_id: int) -> CaseView:
    """The event and place of a case; NotFound if there is none, or none for this reader."""
    row = session.execute(text(_SHEET), {"case": case_id}).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such case.")
    return CaseView(**row)


def photos_of(session: Session, event_id: int) -> list[Picked]:
    """The photos of an event, those before the work first."""
    rows = session.execute(
        text(
            "SELECT id, shows, added_at, far_m FROM photo WHERE event_id = :e "
            "ORDER BY shows DESC, id"
        ),
        {"e": event_id},
    ).mappings()
    return [Picked(**row) for row in rows]


def open_steps(session: Session, now: CaseNow, actor: str) -> list[tuple[Step, CaseActor]]:
    """The steps that the transaction's account may take now, and as whom, in the flow's order.

    What the flow allows from here, in the roles that the account holds where the case lies.
    """
    held = session.execute(text(_ROLES), {"case": now.id, "actor": actor}).all()
    acts = CaseActor(actor, tuple(row.role for row in held if row.acts))
    notes = CaseActor(actor, tuple(row.role for row in held if row.notes))
    told = next_steps(session, now, notes)
    done = {step.name for step in next_steps(session, now, acts)}
    return [
        (step, notes if step.means == "note" else acts)
        for step in told
        if step.means == "note" or step.name in done
    ]


def grids_to_choose(session: Session, now: CaseNow) -> list[Choice]:
    """The grids of the plan in force, the case's own and its neighbours near the border first."""
    rows = session.execute(text(_GRIDS), {"t": now.township_id, "event": now.event_id})
    return [Choice(f"grid:{row.code}", f"{row.name} {row.code}") for row in rows]


def offices_to_choose(session: Session, now: CaseNow) -> list[Choice]:
    """The responsible offices of the list of matters in force, the case's own first."""
    rows = session.scalars(text(_OFFICES), {"t": now.township_id, "event": now.event_id})
    return [Choice(f"office:{name}", name) for name in rows]


def grids_of_town(session: Session, township_id: int) -> list[Choice]:
    """The grids of the plan in force, by their codes."""
    rows = session.execute(
        text(
            "SELECT g.code, g.name FROM plan_in_force p JOIN grid g ON g.plan_id = p.id "
            'WHERE p.township_id = :t ORDER BY g.code COLLATE "C"'
        ),
        {"t": township_id},
    )
    return [Choice(f"grid:{row.code}", f"{row.name} {row.code}") for row in rows]


def offices_of_town(session: Session, township_id: int) -> list[Choice]:
    """The responsible offices of the list of matters in force, by their names."""
    rows = session.scalars(
        text(
            "SELECT DISTINCT o.office FROM matter o JOIN matter_list l ON l.id = o.list_id "
            "WHERE l.township_id = :t AND l.validity @> today_in(:t) AND o.office IS NOT NULL ORDER BY 1"
        ),
        {"t": township_id},
    )
    return [Choice(f"office:{name}", name) for name in rows]


def owner_of(session: Session, now: CaseNow, key: str) -> Owner:
    """The owner that a choice names.

    Raises
    ------
    Invalid
        No such grid, office or person of a team.
    """
    kind, _, name = key.partition(":")
    if kind == "grid" and any(c.key == key for c in grids_to_choose(session, now)):
        return Owner(grid_code=name, level="grid")
    if kind == "office" and any(c.key == key for c in offices_to_choose(session, now)):
        return Owner(office=name, level="township")
    if kind == "staff":
        number, _, grid = name.partition(":")
        known = session.scalar(
            text(
                "SELECT EXISTS (SELECT FROM team_member m WHERE m.township_id = :t "
                "AND m.grid_code = :grid AND m.staff_id::text = :staff "
                "AND m.during @> today_in(m.township_id))"
            ),
            {"t": now.township_id, "grid": grid, "staff": number},
        )
        if known:
            return Owner(grid_code=grid, staff_id=int(number), level="grid")
    raise Invalid("Nobody to send to is called {shown!r}.", shown=key[:60])


def higher_levels(now: CaseNow) -> Sequence[str]:
    """The levels above the one that has the case, lowest first."""
    return LEVELS[LEVELS.index(now.level or "residents") + 1 :]


def other_flows(session: Session, now: CaseNow) -> list[Flow]:
    """The newest flow of each other kind that the township has and that a person may begin."""
    kind = flow_by_id(session, now.flow_id).kind
    ids = session.scalars(
        text(
            "SELECT max(id) FROM flow WHERE township_id = :t AND kind <> :kind "
            "AND kind <> 'imported' GROUP BY kind ORDER BY kind"
        ),
        {"t": now.township_id, "kind": kind},
    ).all()
    return [flow_by_id(session, flow_id) for flow_id in ids]


def open_number(session: Session, township_id: int, named: str) -> int:
    """The number of the open case of a township that is named, to merge into.

    Parameters
    ----------
    named
        ``case:NUMBER``, which is that case and no other; or what somebody typed: a number, a ticket or a code.

    Raises
    ------
    NotFound
        There is none for this reader.
    Conflict
        It is closed, or was itself merged into another one, which is named; or several are called so.
    """
    words, shown = named.strip(), named.strip()[:40]
    number = words.removeprefix("case:")
    found = session.execute(
        text(_CALLED),
        {
            "t": township_id, "number": int(number) if number.isdecimal() and len(number) < 19 else None,
            "tickets": [] if words.startswith("case:") else list(meant(words)),
            "codes": [] if words.startswith("case:") else [words, words.upper()],
        },
    ).all()  # fmt: skip
    if not found:
        raise NotFound("There is no open case {shown!r}.", shown=shown)
    if len(found) > 1:
        raise Conflict(
            "Several cases are called {shown!r}: {cases}. Type one of these as it stands here.",
            shown=shown, cases=[f"case:{row.id} ({row.code})" for row in found],
        )  # fmt: skip
    (one,) = found
    if one.merged_into_id is not None:
        raise Conflict(
            "The case {shown!r} was merged into case {into}: only an open case can be joined.",
            shown=shown, into=one.merged_into_id,
        )  # fmt: skip
    if not one.open:
        raise Conflict(
            "The case {shown!r} is closed: only an open case can be joined.", shown=shown
        )
    return int(one.id)


def step_words(session: Session, township_id: int, log: Sequence[LogEntry]) -> dict[int, Step]:
    """By number of the line: the step as its own flow words it, though the case has changed flows."""
    ids = session.scalars(
        text("SELECT id FROM flow WHERE township_id = :t ORDER BY id DESC"), {"t": township_id}
    ).all()
    flows = [flow_by_id(session, flow_id) for flow_id in ids]
    found = {}
    for line in log:
        for flow in flows:
            step = flow.steps.get(line.step)
            if step and line.from_state in step.sources and step.means == line.means:
                found[line.seq] = step
                break
    return found


def grid_names(session: Session, township_id: int, codes: Sequence[str]) -> dict[str, str]:
    """Code to name of grids of the plan in force."""
    rows = session.execute(
        text(
            "SELECT g.code, g.name FROM plan_in_force p JOIN grid g ON g.plan_id = p.id "
            "WHERE p.township_id = :t AND g.code = ANY(:codes)"
        ),
        {"t": township_id, "codes": list(codes)},
    )
    return {row.code: row.name for row in rows}


def staff_names(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Number to name of the staff, as far as the reader may see them."""
    rows = session.execute(
        text("SELECT id, name FROM masked_staff WHERE id = ANY(:ids)"), {"ids": list(ids)}
    )
    return {row.id: row.name for row in rows}


_SHEET = """
SELECT e.id AS event_id, e.code, m.id AS matter_id, m.code AS matter_code, m.name AS matter,
       m.name_en AS matter_en, m.office, m.filing_rule, m.closing_rule, m.note, m.asks_photo,
       e.reported_at, e.source, ST_X(e.geom) AS lon, ST_Y(e.geom) AS lat, p.id AS plan_id,
       g.code AS grid_code, g.name AS grid, o.name AS community,
       o.name_en AS community_en,
       e.grid_code AS reported_grid_code, a.border_m
FROM event_case c JOIN event e ON e.id = c.event_id JOIN matter m ON m.id = e.matter_id
LEFT JOIN plan_in_force p ON p.township_id = c.township_id
LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id
LEFT JOIN grid g ON g.id = a.grid_id
LEFT JOIN area o ON o.id = coalesce(g.community_id, e.community_id)
WHERE c.id = :case
"""
# By their indexes, each for itself.
_CALLED = """
WITH called AS (
    SELECT c.id FROM event_case c WHERE c.id = CAST(:number AS bigint)
    UNION SELECT c.id FROM event_case c WHERE c.ticket = ANY (CAST(:tickets AS text[]))
    UNION SELECT c.id FROM event e JOIN event_case c ON c.event_id = e.id
    WHERE e.township_id = :t AND e.code = ANY (CAST(:codes AS text[]))
)
SELECT c.id, c.open, c.merged_into_id, e.code FROM called JOIN event_case c USING (id) JOIN event e ON e.id = c.event_id
WHERE c.township_id = :t ORDER BY c.id LIMIT 5
"""
_ROLES = """
SELECT r.role, may_act(c, :actor, r.role, 'handle') AS acts, may_act(c, :actor, r.role, 'note') AS notes
FROM event_case c, (
    SELECT DISTINCT m.role FROM appointment m
    WHERE m.account_id = my_account() AND m.during @> today_in(m.area_id)
) AS r
WHERE c.id = :case ORDER BY r.role
"""
_GRIDS = """
SELECT g.code, g.name FROM plan_in_force p JOIN grid g ON g.plan_id = p.id
JOIN event e ON e.id = :event JOIN township t ON t.area_id = p.township_id
LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id
WHERE p.township_id = :t
ORDER BY g.id IS NOT DISTINCT FROM a.grid_id DESC,
         coalesce(a.border_m IS NOT NULL AND g.geom && ST_Expand(e.geom,
             reach_in_degrees(t.near_border_m, ST_Y(e.geom))), false) DESC,
         g.code COLLATE "C"
"""
_OFFICES = """
SELECT o.office FROM matter o JOIN matter_list l ON l.id = o.list_id,
event e JOIN matter m ON m.id = e.matter_id
WHERE e.id = :event AND l.township_id = :t AND l.validity @> today_in(:t) AND o.office IS NOT NULL
GROUP BY o.office, m.office ORDER BY o.office IS NOT DISTINCT FROM m.office DESC, o.office
"""
