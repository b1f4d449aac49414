"""Who should go? The teams of the place on duty, with what speaks for each, and whether it was taken."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.cases import CaseActor, CaseNow, Details, Owner, case_now, take_step
from gisgrid.core.errors import Conflict, NotFound

CASE_MIN, SKILL_MIN, WALK_M_PER_MIN = 30.0, -45.0, 70.0
ROLE_MIN = {"worker": 0.0, "leader": 10.0, "sinking_force": 15.0, "social_force": 25.0}
OTHER_GRID_MIN = 60.0


@dataclass(frozen=True)
class Suggested:
    """A person who could be sent; the parts are minutes and add up to ``minutes``, fewer is better."""

    staff_id: int
    code: str
    grid_code: str
    role: str
    parts: dict[str, float]
    """``open_cases``, ``skill``, ``distance``, ``role``, ``other_grid``."""

    @property
    def minutes(self) -> float:
        return sum(self.parts.values())


@dataclass(frozen=True)
class Share:
    """How often the suggestion was taken."""

    made: int
    decided: int
    accepted: int

    @property
    def share(self) -> float | None:
        return self.accepted / self.decided if self.decided else None


def suggest(
    session: Session, case_id: int, day: date, *, most: int = 5, matter_id: int | None = None
) -> list[Suggested]:
    """People on duty on ``day`` in the grid of a case, and in those whose border is near; best first.

    Parts: 30 minutes for each open case a person has (a team's cases are shared by its members); a
    skill that the matter asks for takes 45 off; the walk from the team's post; the kind of member; and
    an hour for a neighbouring grid. ``matter_id``: as if the case were of that matter. Empty where the place lies in no grid or nobody is on duty.
    """
    now = case_now(session, case_id)
    rows = session.execute(
        text(_PEOPLE), {"case": case_id, "t": now.township_id, "day": day, "matter": matter_id}
    ).all()
    found = [
        Suggested(
            row.staff_id, row.code, row.grid_code, row.role,
            {
                "open_cases": round(CASE_MIN * (row.own_cases + row.team_cases / row.members), 1),
                "skill": SKILL_MIN if row.skilled else 0.0,
                "distance": round((row.distance_m or 0) / WALK_M_PER_MIN, 1),
                "role": ROLE_MIN[row.role],
                "other_grid": 0.0 if row.own else OTHER_GRID_MIN,
            },
        )
        for row in rows
    ]  # fmt: skip
    once: dict[int, Suggested] = {}
    for one in sorted(found, key=lambda s: (s.minutes, s.code, s.grid_code)):
        once.setdefault(one.staff_id, one)
    return list(once.values())[:most]


def keep_suggestion(session: Session, case_id: int, best: Suggested) -> int:
    """Note whom the program would send, to be held against whom the dispatcher sends; its number.

    The same suggestion shown again while nobody has been sent is one.
    """
    open_one = session.execute(
        text(
            "SELECT id, staff_id FROM suggestion WHERE case_id = :c AND accepted IS NULL "
            "ORDER BY id DESC LIMIT 1"
        ),
        {"c": case_id},
    ).one_or_none()
    if open_one is not None and open_one.staff_id == best.staff_id:
        return int(open_one.id)
    return int(
        session.execute(
            text(
                "INSERT INTO suggestion (case_id, grid_code, staff_id, parts) "
                "VALUES (:c, :grid, :staff, CAST(:parts AS jsonb)) RETURNING id"
            ),
            {
                "c": case_id, "grid": best.grid_code, "staff": best.staff_id,
                "parts": json.dumps(best.parts),
            },
        ).scalar_one()
    )  # fmt: skip


def accept(
    session: Session,
    suggestion_id: int,
    by: CaseActor,
    *,
    seq: int | None = None,
    step: str = "dispatch",
) -> CaseNow:
    """Send the case to whom a suggestion names.

    Raises
    ------
    NotFound
        No such suggestion.
    Conflict
        It has been decided already; or as `take_step`.
    """
    row = session.execute(
        text("SELECT case_id, grid_code, staff_id, accepted FROM suggestion WHERE id = :id"),
        {"id": suggestion_id},
    ).one_or_none()
    if row is None:
        raise NotFound("There is no suggestion {suggestion_id}.", suggestion_id=suggestion_id)
    if row.accepted is not None:
        raise Conflict("The suggestion has been decided already.")
    to = Owner(row.grid_code, None, row.staff_id, "grid")
    return take_step(session, row.case_id, step, by, seq=seq, details=Details(to=to))


def acceptance(session: Session, township_id: int, since: date, until: date) -> Share:
    """Of the suggestions made from ``since`` to ``until`` (last day): how many were taken."""
    row = session.execute(
        text(_SHARE), {"t": township_id, "since": since, "until": until}
    ).one()  # fmt: skip
    return Share(row.made, row.decided, row.accepted)


_PEOPLE = """
WITH here AS (
    SELECT e.id, e.geom, e.matter_id, a.grid_id, a.border_m, p.id AS plan_id, t.near_border_m,
           t.metric_srid
    FROM event_case c JOIN event e ON e.id = c.event_id JOIN township t ON t.area_id = e.township_id
    JOIN plan_in_force p ON p.township_id = e.township_id
    LEFT JOIN event_grid a ON a.plan_id = p.id AND a.event_id = e.id
    WHERE c.id = :case
), grids AS (
    SELECT g.code, g.id = here.grid_id AS own
    FROM here JOIN grid g ON g.plan_id = here.plan_id
    WHERE g.id = here.grid_id OR (here.border_m IS NOT NULL AND g.geom && ST_Expand(here.geom,
        reach_in_degrees(here.near_border_m, ST_Y(here.geom))))
), team AS (
    SELECT m.grid_code, m.staff_id, m.role, count(*) OVER (PARTITION BY m.grid_code) AS members
    FROM team_member m JOIN grids ON grids.code = m.grid_code
    WHERE m.township_id = :t AND m.during @> CAST(:day AS date)
)
SELECT s.id AS staff_id, s.code, team.grid_code, team.role, team.members, grids.own,
       (SELECT count(*) FROM event_case c WHERE c.open AND c.staff_id = s.id AND c.id <> :case)
           AS own_cases,
       (SELECT count(*) FROM event_case c WHERE c.open AND c.township_id = :t AND c.id <> :case
        AND c.grid_code = team.grid_code AND c.staff_id IS NULL) AS team_cases,
       EXISTS (SELECT FROM unnest(m.skills) AS w(word) WHERE position(w.word IN s.body) > 0)
           AS skilled,
       (SELECT min(ST_Distance(ST_Transform(here.geom, here.metric_srid),
                               ST_Transform(x.geom, here.metric_srid)))
        FROM station x WHERE x.township_id = :t AND x.grid_code = team.grid_code
        AND x.during @> CAST(:day AS date)) AS distance_m
FROM team JOIN grids ON grids.code = team.grid_code JOIN staff s ON s.id = team.staff_id, here
JOIN matter m ON m.id = coalesce(CAST(:matter AS bigint), here.matter_id)
"""
_SHARE = """
SELECT count(*) AS made, count(s.accepted) AS decided,
       count(*) FILTER (WHERE s.accepted) AS accepted
FROM suggestion s JOIN event_case c ON c.id = s.case_id
JOIN township t ON t.area_id = c.township_id
WHERE c.township_id = :t
  AND (s.made_at AT TIME ZONE t.time_zone)::date BETWEEN CAST(:since AS date) AND CAST(:until AS date)
"""
