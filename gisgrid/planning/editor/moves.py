"""The log of a scenario: each edit is kept with who and why, and can be undone and redone."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.messages import message
from gisgrid.core.plans import PlanInfo, TownshipInfo, plan_by_id
from gisgrid.planning.attach.attach import attach, attach_rows
from gisgrid.planning.attach.rule import Kind
from gisgrid.planning.attach.statements import Attaching
from gisgrid.planning.editor.editor import Editor, changed_codes, flows
from gisgrid.planning.editor.refusals import ScenarioLocks, refuse
from gisgrid.planning.editor.scenarios import house_code, refuse_fixed

Facts = dict[str, Any]
"""A grid as the log keeps it: name, kind, community, host, wkb."""
MOST_ROWS = 50_000
"""Up to so many houses about an edit are attached by their numbers, beyond it all of the town."""
LOCK_KINDS = ("grid", "house", "border")


class StaleScenario(Conflict):
    """Somebody else edited the scenario meanwhile."""


@dataclass(frozen=True)
class LoggedEdit:
    """An edit as the log tells it; the flows have no houses, only how many."""

    number: int
    action: str
    who: str
    why: str
    at: datetime
    standing: str
    grids: tuple[str, ...]
    flows: tuple[Facts, ...]


def record(
    session: Session,
    plan: PlanInfo,
    version: int,
    before: Editor,
    after: Editor,
    *,
    action: str,
    who: str,
    why: str = "",
    attached: bool = True,
) -> int:
    """Keep an edit: the grids that changed, what lies in them, and the log; the new version.

    Parameters
    ----------
    version
        Of the scenario that ``before`` was read from.
    attached
        Attach what lies about the changed grids at once; else nothing is attached to the plan any more,
        and whoever calls has it completed (`gisgrid.jobs.balancing.order_completion`).

    Raises
    ------
    StaleScenario
        The scenario has another version by now.
    Conflict
        The plan is no longer a draft, a lock says no, or a new code belonged to a retired grid.
    Invalid
        Nothing changes, or what `gisgrid.planning.editor.refusals.refuse` refuses.
    """
    _hold(session, plan, version)
    refuse(before, after, locks_of(session, plan.id))
    codes = changed_codes(before, after)
    if not codes:
        raise Invalid("This changes nothing.")
    old, new = _facts(before, codes), _facts(after, codes)
    _refuse_used(session, plan, [c for c in codes if old[c] is None])
    session.execute(
        text(
            "UPDATE scenario_move SET standing = 'dropped' "
            "WHERE plan_id = :p AND standing = 'undone'"
        ),
        {"p": plan.id},
    )
    session.execute(
        text(
            "INSERT INTO scenario_move (plan_id, number, action, who, why, before, after, flows) "
            "SELECT :p, coalesce(max(number), 0) + 1, :action, :who, :why, "
            "CAST(:before AS jsonb), CAST(:after AS jsonb), CAST(:flows AS jsonb) "
            "FROM scenario_move WHERE plan_id = :p"
        ),
        {
            "p": plan.id,
            "action": action,
            "who": who,
            "why": why.strip(),
            "before": json.dumps(old, ensure_ascii=False),
            "after": json.dumps(new, ensure_ascii=False),
            "flows": json.dumps([asdict(f) for f in flows(before, after)], ensure_ascii=False),
        },
    )
    return _put(session, plan.id, old, new, attached=attached)


def undo(session: Session, plan: PlanInfo, version: int) -> int:
    """Take back the last edit; the new version. Conflict if there is none."""
    return _step(session, plan, version, back=True)


def redo(session: Session, plan: PlanInfo, version: int) -> int:
    """Do again what was undone last; the new version. Conflict if there is none."""
    return _step(session, plan, version, back=False)


def ground_before(
    session: Session,
    plan: PlanInfo,
    editor: Editor,
    gone: Mapping[tuple[str, str], Collection[str]],
) -> dict[str, str] | None:
    """The polygons, by code, of before the proposal that just some houses went with, as WKB in hexadecimal.

    Parameters
    ----------
    gone
        Codes of the houses by the grids from and to which they went.

    None where no edit that stands did that, or the ground is no longer what it made.
    """
    wanted = {key: set(houses) for key, houses in gone.items()}
    asked = {"p": plan.id, "n": len(wanted), "h": sum(map(len, wanted.values()))}
    for row in session.execute(text(_TAKEN_OVER), asked):
        went = {(f["from_grid"], f["to_grid"]): set(f["houses"]) for f in row.flows}
        if went == wanted and _is_ground(editor, row.after) and all(row.before.values()):
            return {code: facts["wkb"] for code, facts in row.before.items()}
    return None


def _is_ground(editor: Editor, ground: Mapping[str, Facts | None]) -> bool:
    """Whether grids of an editor have the polygons of the log; the store keeps each in parts."""
    for code, facts in ground.items():
        row = editor.row_of.get(code)
        if row is None or facts is None:
            return False
        one, two = (
            shapely.MultiPolygon(shapely.get_parts(shape))
            for shape in (editor.state.grids.lonlat[row], shapely.from_wkb(facts["wkb"]))
        )
        if not shapely.equals_identical(one, two):
            return False
    return True


def codes_of_step(session: Session, plan: PlanInfo, *, back: bool) -> list[str]:
    """Codes of the grids that `undo` (``back``) or `redo` would change now; none without a step."""
    was, sign = _WAYS[back]
    return list(
        session.scalars(
            text(
                "SELECT jsonb_object_keys(before) FROM scenario_move WHERE id = (SELECT id "
                "FROM scenario_move WHERE plan_id = :p AND standing = :was "
                "ORDER BY :sign * number LIMIT 1) ORDER BY 1"
            ),
            {"p": plan.id, "was": was, "sign": sign},
        )
    )


def steps_there(session: Session, plan_id: int) -> tuple[bool, bool]:
    """Whether there is an edit to undo, and one to do again."""
    row = session.execute(
        text(
            "SELECT coalesce(bool_or(standing = 'done'), false), "
            "coalesce(bool_or(standing = 'undone'), false) FROM scenario_move WHERE plan_id = :p"
        ),
        {"p": plan_id},
    ).one()
    return bool(row[0]), bool(row[1])


def log(session: Session, plan_id: int, most: int | None = None) -> list[LoggedEdit]:
    """The edits of a scenario, newest first, those undone and dropped too; ``most`` of them, None: all.

    The houses of a flow are told by their number.
    """
    rows = session.execute(text(_LOG), {"p": plan_id, "most": most})
    return [
        LoggedEdit(
            r.number, r.action, r.who, r.why, r.at, r.standing, tuple(r.grids), tuple(r.flows)
        )
        for r in rows
    ]


def locks_of(session: Session, plan_id: int) -> ScenarioLocks:
    rows = session.execute(
        text("SELECT kind, key FROM scenario_lock WHERE plan_id = :p ORDER BY kind, key"),
        {"p": plan_id},
    ).all()
    keys = {kind: [r.key for r in rows if r.kind == kind] for kind in LOCK_KINDS}
    return ScenarioLocks(
        grids=frozenset(keys["grid"]),
        houses=frozenset(keys["house"]),
        borders=frozenset(frozenset(key.split("|")) for key in keys["border"]),
    )


def lock(session: Session, plan: PlanInfo, kind: str, codes: Sequence[str], *, who: str) -> None:
    """Lock a grid, a house, or the border of two grids; locking twice changes nothing.

    Raises
    ------
    NotFound
        There is no such grid or house.
    Invalid
        The kind or the number of codes is none of those.
    """
    refuse_fixed(plan)
    session.execute(
        text(
            "INSERT INTO scenario_lock (plan_id, kind, key, who) VALUES (:p, :kind, :key, :who) "
            "ON CONFLICT DO NOTHING"
        ),
        {"p": plan.id, "kind": kind, "key": _key(session, plan, kind, codes), "who": who},
    )


def turn_house_lock(
    session: Session, place: TownshipInfo, plan: PlanInfo, house_id: int, *, who: str
) -> None:
    """Lock the house with a row number, or unlock it if it is locked; NotFound if there is none."""
    code = house_code(session, place, house_id)
    if code is None:
        raise NotFound("There is no house {house_id}.", house_id=house_id)
    if code in locks_of(session, plan.id).houses:
        unlock(session, plan, "house", [code])
    else:
        lock(session, plan, "house", [code], who=who)


def unlock(session: Session, plan: PlanInfo, kind: str, codes: Sequence[str]) -> None:
    """Take a lock away; without one nothing happens. Invalid if there is no such kind."""
    refuse_fixed(plan)
    _refuse_kind(kind, codes)
    session.execute(
        text("DELETE FROM scenario_lock WHERE plan_id = :p AND kind = :kind AND key = :key"),
        {"p": plan.id, "kind": kind, "key": "|".join(sorted(codes))},
    )


def _key(session: Session, plan: PlanInfo, kind: str, codes: Sequence[str]) -> str:
    _refuse_kind(kind, codes)
    known = _IS_HOUSE if kind == "house" else _IS_GRID
    for code in codes:
        if not session.scalar(text(known), {"t": plan.township_id, "p": plan.id, "code": code}):
            raise NotFound("There is no {kind} {code!r}.", kind=kind, code=code)
    return "|".join(sorted(codes))


def _refuse_kind(kind: str, codes: Sequence[str]) -> None:
    if kind not in LOCK_KINDS or len(set(codes)) != (2 if kind == "border" else 1):
        raise Invalid("A lock is on one grid, one house, or the border of two grids.")


def _step(session: Session, plan: PlanInfo, version: int, *, back: bool) -> int:
    _hold(session, plan, version)
    was, sign = _WAYS[back]
    row = session.execute(
        text(
            "SELECT id, before, after FROM scenario_move WHERE plan_id = :p AND standing = :was "
            "ORDER BY :sign * number LIMIT 1"
        ),
        {"p": plan.id, "was": was, "sign": sign},
    ).one_or_none()
    if row is None:
        if back:
            raise Conflict("There is nothing to undo.")
        raise Conflict("There is nothing to redo.")
    session.execute(
        text("UPDATE scenario_move SET standing = :now WHERE id = :id"),
        {"now": "undone" if back else "done", "id": row.id},
    )
    old, new = (row.after, row.before) if back else (row.before, row.after)
    return _put(session, plan.id, old, new)


def _hold(session: Session, plan: PlanInfo, version: int) -> None:
    """Keep others from editing until the transaction ends; refuse if they did before."""
    row = session.execute(
        text("SELECT state, version FROM plan WHERE id = :p FOR UPDATE"), {"p": plan.id}
    ).one_or_none()
    if row is None:
        raise NotFound("There is no plan {plan} any more.", plan=plan.id)
    refuse_fixed(plan_by_id(session, plan.id))
    if row.version != version:
        last = session.execute(
            text("SELECT who FROM scenario_move WHERE plan_id = :p ORDER BY number DESC LIMIT 1"),
            {"p": plan.id},
        ).scalar()
        raise StaleScenario(
            "{who} edited this scenario meanwhile; it is shown as it is now, and your edit was not kept.",
            who=last or message("Somebody"),
            version=row.version,
        )


def _refuse_used(session: Session, plan: PlanInfo, codes: Sequence[str]) -> None:
    """A code is never used again for another grid."""
    used = session.scalars(
        text(
            "SELECT DISTINCT g.code FROM grid g JOIN plan p ON p.id = g.plan_id "
            "WHERE p.township_id = :t AND p.validity IS NOT NULL AND g.code = ANY(:codes) "
            "AND NOT EXISTS (SELECT FROM grid b WHERE b.plan_id = :base AND b.code = g.code)"
        ),
        {"t": plan.township_id, "codes": list(codes), "base": plan.based_on_id},
    ).all()
    if used:
        raise Conflict(
            "Code {used} belonged to a grid of an earlier plan; codes are never used again.",
            used=used[0],
            codes=sorted(used),
        )


def _facts(editor: Editor, codes: Sequence[str]) -> dict[str, Facts | None]:
    grids, communities = editor.state.grids, editor.state.communities
    rows = {code: editor.row_of.get(code) for code in codes}
    return {
        code: None
        if k is None
        else {
            "name": grids.name[k],
            "kind": "exclusive" if grids.exclusive[k] else "basic",
            "community": communities.code[grids.community[k]],
            "host": grids.host[k],
            "wkb": shapely.to_wkb(grids.lonlat[k], hex=True),
        }
        for code, k in rows.items()
    }


def _put(
    session: Session,
    plan_id: int,
    old: Mapping[str, Facts | None],
    new: Mapping[str, Facts | None],
    *,
    attached: bool = True,
) -> int:
    """Write grids and attach what lies about the ground that changed; the new version."""
    gone = [code for code, facts in new.items() if facts is None]
    if gone:
        session.execute(
            text("DELETE FROM grid WHERE plan_id = :p AND code = ANY(:codes)"),
            {"p": plan_id, "codes": gone},
        )
    rows = [{"p": plan_id, "code": code, **facts} for code, facts in new.items() if facts]
    if rows:
        session.execute(text(_WRITE), rows)
    wkb = [facts["wkb"] for side in (old, new) for facts in side.values() if facts]
    kinds: tuple[Kind, ...] = ("house", "event")
    for kind in kinds:
        about = Attaching(kind)
        if not attached:
            session.execute(about.drop(), {"plan": plan_id})
            continue
        values = {"plan": plan_id, "wkb": wkb, "most": MOST_ROWS + 1}
        ids = session.scalars(about.on_ground(), values).all()
        if len(ids) > MOST_ROWS:
            attach(session, plan_id, kind)
        else:
            attach_rows(session, plan_id, kind, ids)
    version = session.scalar(
        text("UPDATE plan SET version = version + 1 WHERE id = :p RETURNING version"),
        {"p": plan_id},
    )
    assert isinstance(version, int)  # noqa: S101 - narrows the type
    return version


_WAYS = {True: ("done", -1), False: ("undone", 1)}
"""Of a step back, or forth: the standing of the edits it takes, and by which end of their numbers."""

# Houses are counted where they lie: the list of one edit may name half a town.
_LOG = """
SELECT number, action, who, why, at, standing,
       ARRAY(SELECT jsonb_object_keys(after) ORDER BY 1) AS grids,
       ARRAY(SELECT f.flow || jsonb_build_object('houses', jsonb_array_length(f.flow -> 'houses'))
             FROM jsonb_array_elements(flows) WITH ORDINALITY AS f(flow, n) ORDER BY f.n) AS flows
FROM scenario_move WHERE plan_id = :p ORDER BY number DESC LIMIT :most
"""

_TAKEN_OVER = """
SELECT before, after, flows FROM scenario_move
WHERE plan_id = :p AND standing = 'done' AND action = 'rebalance'
  AND jsonb_array_length(flows) = :n
  AND (SELECT sum(jsonb_array_length(f -> 'houses')) FROM jsonb_array_elements(flows) f) = :h
ORDER BY number DESC LIMIT 3
"""

_WRITE = """
INSERT INTO grid (plan_id, code, name, kind, community_id, host, geom)
SELECT :p, :code, :name, :kind, c.id, nullif(:host, ''),
       ST_Multi(ST_SetSRID(ST_GeomFromWKB(decode(:wkb, 'hex')), 4326))
FROM plan p JOIN area c ON c.parent_id = p.township_id AND c.code = :community WHERE p.id = :p
ON CONFLICT (plan_id, code) DO UPDATE SET name = excluded.name, kind = excluded.kind,
    community_id = excluded.community_id, host = excluded.host, geom = excluded.geom
"""

# Who lies near a border of the changed grids may be nearer to it, or further from it, than before. The
# boxes are made first: under a policy the index is only asked for what is a column by then. A box's
# own latitude furthest from the equator is enough for all in it.
_IS_HOUSE = "SELECT EXISTS (SELECT FROM house WHERE township_id = :t AND code = :code)"
_IS_GRID = "SELECT EXISTS (SELECT FROM grid WHERE plan_id = :p AND code = :code)"
