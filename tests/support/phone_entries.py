"""One entry of each of seven kinds that a worker's phone may write down (`KINDS`), as the forms of its pages make them.

Each carries a mark of its own in what it says, so that one looks into the store for what came of it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text

from gisgrid.cases.cases import SYSTEM, CaseActor, Details, Owner, open_case, take_step
from gisgrid.collection import tasks
from gisgrid.collection.questions import NewQuestion
from gisgrid.db.store import transaction
from tests.support.collecting import opened
from tests.support.door import GRID

KINDS = {
    "visit": "a visit", "moved": "a household that moved", "new": "a house that is missing",
    "split": "a house that became two", "step": "a step of a case", "answer": "an answer to a collection task",
    "report": "a report",
}  # fmt: skip
"""What an entry may be; photos go with reports and answers. They are those whose words are their own, so that each is
found again: a house that is gone or part of another, one that is as registered, a name of a house, a person who came,
left or was corrected, and a document that was read are written by the same queue, and are not among them."""


@dataclass(frozen=True)
class Ground:
    """A worker, and what their entries are about."""

    worker: int
    household: int
    case: int
    task: int
    said: int
    """Number of the question that is answered in words; ``shown`` is answered by a photo."""
    shown: int
    spot: tuple[float, float]


def begun_case(engine: Engine, *, begun: bool = True) -> int:
    """A case of the first grid that was sent to its worker, who has begun to handle it."""
    with transaction(engine) as session:
        event = session.scalar(text(_OWN_EVENT), {"grid": GRID})
        case = open_case(session, event or 0, SYSTEM)
        for step, role in (
            ("file", "dispatcher"),
            ("dispatch", "dispatcher"),
            ("accept", "grid_worker"),
        ):
            by, to = CaseActor("worker", (role,)), Owner(grid_code=GRID, level="grid")
            if step == "accept" and not begun:
                break
            details = Details(to=to) if step == "dispatch" else Details()
            case = take_step(session, case.id, step, by, details=details)
        return case.id


def ground(engine: Engine, office: int, worker: int) -> Ground:
    """The worker with a case, an open task and a household of the town of `tests.support.offline.workable`."""
    case = begun_case(engine)
    words = NewQuestion("还缺什么", "text"), NewQuestion("水表照片", "photo", required=False)
    task = opened(engine, office, *words)
    with transaction(engine) as session:
        said, shown = (each.id for each in tasks.one(session, task).questions)
        home = session.scalar(text("SELECT min(id) FROM household WHERE house_id = 1"))
        lon, lat = session.execute(text(SPOT), {"grid": GRID}).one()
    return Ground(worker, home or 0, case, task, said, shown, (lon, lat))


def written(
    rng: random.Random, run: str, n: int, about: Ground, *, photo: bool
) -> tuple[str, dict[str, Any], str]:
    """The kind of an entry, the entry, and the field of its photo."""
    key, mark = str(UUID(int=rng.getrandbits(128), version=4)), f"样本{run}第{n}条"
    base = {"key": key, "label": mark, "house": None, "page": "/phone/waiting", "back": None}
    kind = rng.choice(("report", "answer")) if photo else rng.choice(tuple(KINDS))
    if kind == "report":
        fields = {"matter": "0101", "address": "样本无人知道的地方", "text": mark, "client": key}
        return kind, _entry(base, "/report", fields | {"datum": "wgs84"}), "photo"
    if kind == "new":
        lon, lat = (f"{each:.7f}" for each in about.spot)
        fields = {"address": mark, "lon": lon, "lat": lat, "datum": "wgs84", "apart": "1"}
        url = f"/register/grid/{GRID}/new-house"
        return kind, _entry(base, url, fields | {"client_id": key}), "photo"
    if kind == "step":
        fields = {"seq": "", "step": "note", "note": mark, "shows": "before", "client_id": key}
        return kind, _entry(base, f"/cases/{about.case}/steps", fields), "photos"
    base["house"] = "1"
    if kind == "answer":
        fields = {"seen": "0", "client_id": key, f"q{about.said}": mark}
        return kind, _entry(base, f"/collecting/{about.task}/house/1", fields), f"q{about.shown}"
    what, fields = {
        "visit": ("visit", {"why": "care", "met": "household", "agreed": mark}),
        "moved": (
            "household-moved",
            {"household": str(about.household), "house_id": "3", "address": "虚构", "room": mark},
        ),
        "split": ("house-split", {"address": mark, "homes": ""}),
    }[kind]
    url = f"/register/house/1/enter/{what}"
    return kind, _entry(base, url, fields | {"client_id": key}), "photo"


def found(engine: Engine, run: str) -> dict[str, int]:
    """How often each mark of a run stands in the store."""
    with transaction(engine) as session:
        rows = session.execute(text(_FOUND), {"like": f"样本{run}第%"})
        return {row.mark: row.n for row in rows}


def photos_of(engine: Engine, shots: Sequence[str]) -> dict[str, int]:
    """How often each photo stands in the store, by the SHA-256 of the file that was sent."""
    with transaction(engine) as session:
        return {row.sha256: row.n for row in session.execute(text(_PHOTOS), {"shots": list(shots)})}


def _entry(base: dict[str, Any], url: str, fields: dict[str, str]) -> dict[str, Any]:
    return {**base, "url": url, "fields": [[name, value] for name, value in fields.items()]}


_OWN_EVENT = """
SELECT min(e.event_id) FROM event_grid e JOIN grid g ON g.id = e.grid_id WHERE g.code = :grid
"""
SPOT = """
SELECT ST_X(spot), ST_Y(spot) FROM grid g JOIN plan_in_force p ON p.id = g.plan_id, ST_PointOnSurface(g.geom) AS spot
WHERE g.code = :grid
"""
"""A place in a grid."""
_PHOTOS = """
SELECT sha256, count(*)::int AS n
FROM (SELECT sha256 FROM photo UNION ALL SELECT sha256 FROM collection_photo UNION ALL SELECT sha256 FROM entry_photo) AS kept
WHERE sha256 = ANY (CAST(:shots AS text[])) GROUP BY 1
"""
_FOUND = """
SELECT mark, sum(n)::int AS n FROM (
    SELECT mark, count(*) AS n FROM register_entry,
        LATERAL (VALUES (said ->> 'agreed'), (said ->> 'room'), (said ->> 'address')) AS words (mark)
    WHERE mark LIKE :like GROUP BY 1
    UNION ALL SELECT text, count(*) FROM event WHERE text LIKE :like GROUP BY 1
    UNION ALL SELECT note, count(*) FROM case_step WHERE note LIKE :like GROUP BY 1
    UNION ALL SELECT value, count(*) FROM collection_answer WHERE value LIKE :like GROUP BY 1) AS all_of_them
GROUP BY 1
"""
