"""A plan drawn from scratch: where it begins, how its grids are numbered, how it is taken over."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.arrays import Geometries, Ints
from gisgrid.core.codes import number_in_community
from gisgrid.core.crs import from_metric, to_metric
from gisgrid.core.errors import Conflict, Invalid
from gisgrid.core.plans import PlanInfo, TownshipInfo, newest_plan, plan_by_id
from gisgrid.planning.attach.attach import attach
from gisgrid.planning.balancing.drafts import recipe, refuse_faults
from gisgrid.planning.balancing.rebalance import Proposal
from gisgrid.planning.editor.editor import Editor
from gisgrid.planning.editor.numbering import codes_of
from gisgrid.planning.editor.scenarios import branch, free_scenario_name
from gisgrid.planning.snapshot.regrid import on_grids, rows_kept
from gisgrid.planning.snapshot.snapshot import Grids, PlanSnapshot

Drawn = list[dict[str, str]]
"""Grids as a job keeps them: code, name, kind, community, host, ground (WKB in hexadecimal)."""


def begin_from_scratch(session: Session, place: TownshipInfo, *, name: str, who: str) -> PlanInfo:
    """A draft that is to be drawn from scratch: of the newest plan, else `first_draft`."""
    known = newest_plan(session, place.id)
    if known is None:
        return first_draft(session, place, name=name, who=who)
    return branch(session, known, name=name, who=who)


def first_draft(
    session: Session, place: TownshipInfo, *, name: str, who: str = "", note: str = ""
) -> PlanInfo:
    """A draft for a township where no plan was published yet: each community is one grid.

    From it a plan is drawn from scratch. A community that lies in several pieces begins with a grid a
    piece, numbered by the township's scheme.

    Raises
    ------
    Conflict
        A plan was published, so the next is drawn from it; or the name is taken.
    Invalid
        There is no community with a polygon, the communities' codes do not follow the scheme, or
        the name is empty or too long.
    """
    if (known := newest_plan(session, place.id)) is not None:
        raise Conflict("Plan {known!r} is published; draw the next one from it.", known=known.name)
    name = free_scenario_name(session, place.id, name)
    rows = session.execute(
        text(
            "SELECT id, code, name, ST_AsBinary(geom) AS geom FROM area "
            'WHERE parent_id = :t AND geom IS NOT NULL ORDER BY code COLLATE "C"'
        ),
        {"t": place.id},
    ).all()
    if not rows:
        raise Invalid("No community of the township has a polygon; load its areas first.")
    plan_id = session.scalar(
        text("INSERT INTO plan (township_id, name, who, note) VALUES (:t, :n, :who, :note) "
             "RETURNING id"),
        {"t": place.id, "n": name, "who": who, "note": note.strip()},
    )  # fmt: skip
    assert isinstance(plan_id, int)  # noqa: S101 - narrows the type
    for row in rows:
        parts = shapely.get_parts(shapely.from_wkb(bytes(row.geom)))
        numbers = _numbers(to_metric(parts, place.metric_srid))
        codes = codes_of(place, row.code, numbers)
        session.execute(
            text(
                "INSERT INTO grid (plan_id, code, name, kind, community_id, geom) VALUES (:p, "
                ":code, :name, 'basic', :home, ST_Multi(ST_SetSRID(ST_GeomFromWKB(:wkb), 4326)))"
            ),
            [
                {"p": plan_id, "code": code, "name": _name(row.name, n), "home": row.id,
                 "wkb": shapely.to_wkb(part)}
                for code, n, part in zip(codes, numbers.tolist(), parts, strict=True)
            ],
        )  # fmt: skip
    attach(session, plan_id, "house")
    attach(session, plan_id, "event")
    return plan_by_id(session, plan_id)


def never_planned(session: Session, place: TownshipInfo) -> bool:
    """Whether no plan of the township was ever published."""
    return newest_plan(session, place.id) is None


def drawn(place: TownshipInfo, proposal: Proposal, *, first: bool) -> Drawn:
    """The grids of a proposal that was drawn from scratch.

    A township's ``first`` plan is numbered by its scheme, community by community; else codes are the
    proposal's, since those of grids in force last.
    """
    state = proposal.task.state
    drawn = replace(
        state.grids, lonlat=proposal.lonlat, metric=to_metric(proposal.lonlat, state.srid)
    )
    grids = rows_kept(drawn, ~shapely.is_empty(proposal.lonlat))
    if first:
        grids = _numbered(place, state, grids)
    return [
        {
            "code": grids.code[k],
            "name": grids.name[k],
            "kind": "exclusive" if grids.exclusive[k] else "basic",
            "community": state.communities.code[grids.community[k]],
            "host": grids.host[k],
            "wkb": shapely.to_wkb(grids.lonlat[k], hex=True),
        }
        for k in range(len(grids.code))
    ]


def taken_over(editor: Editor, found: Drawn) -> Grids:
    """The grids of an editor replaced by those of `drawn`."""
    rows = sorted(found, key=lambda grid: grid["code"])
    row_of = {code: k for k, code in enumerate(editor.state.communities.code.tolist())}

    def column(name: str) -> Any:
        values = np.empty(len(rows), dtype=object)
        values[:] = [grid[name] for grid in rows]
        return values

    lonlat = np.asarray(shapely.from_wkb(column("wkb")))
    return Grids(
        code=column("code"),
        name=column("name"),
        exclusive=column("kind") == "exclusive",
        host=column("host"),
        community=np.array([row_of[grid["community"]] for grid in rows], dtype=np.int64),
        lonlat=lonlat,
        metric=to_metric(lonlat, editor.state.srid),
    )


def save_first(
    session: Session, place: TownshipInfo, proposal: Proposal, *, name: str, who: str = ""
) -> PlanInfo:
    """A first plan, proposed from `first_draft`, as a draft that remembers how it was made.

    Raises
    ------
    Conflict
        As `first_draft`; or the proposal has faults of the ground that the communities have not.
    """
    refuse_faults(proposal)
    plan = first_draft(session, place, name=name, who=who)
    session.execute(text("DELETE FROM grid WHERE plan_id = :p"), {"p": plan.id})
    session.execute(
        text(
            "INSERT INTO grid (plan_id, code, name, kind, community_id, host, geom) "
            "SELECT :p, :code, :name, :kind, c.id, nullif(:host, ''), "
            "ST_Multi(ST_SetSRID(ST_GeomFromWKB(decode(:wkb, 'hex')), 4326)) "
            "FROM area c WHERE c.parent_id = :t AND c.code = :community"
        ),
        [{"p": plan.id, "t": place.id, **grid} for grid in drawn(place, proposal, first=True)],
    )
    session.execute(
        text("UPDATE plan SET recipe = CAST(:recipe AS jsonb) WHERE id = :p"),
        {"p": plan.id, "recipe": json.dumps(recipe(proposal), ensure_ascii=False)},
    )
    attach(session, plan.id, "house")
    attach(session, plan.id, "event")
    return plan_by_id(session, plan.id)


def begun(state: PlanSnapshot) -> PlanSnapshot:
    """The state with each piece of a community as a grid, which has no team.

    What is at fault here no drawing can mend: a house outside every community, a community without
    any house.
    """
    metric, home = shapely.get_parts(state.communities.metric, return_index=True)
    code = np.array([f"{state.communities.code[c]}/{k}" for k, c in enumerate(home)], dtype=object)
    empty = np.full(len(home), "", dtype=object)
    lonlat = from_metric(metric, state.srid)
    return on_grids(
        state, Grids(code, code, np.zeros(len(home), dtype=bool), empty, home, lonlat, metric)
    )


def _numbered(place: TownshipInfo, state: PlanSnapshot, grids: Grids) -> Grids:
    """Basic grids with the codes and names that the scheme gives them; in the order of code."""
    code, name = grids.code.copy(), grids.name.copy()
    for home in np.unique(grids.community[~grids.exclusive]).tolist():
        mine = np.flatnonzero((grids.community == home) & ~grids.exclusive)
        numbers = _numbers(grids.metric[mine])
        code[mine] = codes_of(place, state.communities.code[home], numbers)
        name[mine] = [_name(state.communities.name[home], n) for n in numbers.tolist()]
    order = np.argsort(code.astype(str), kind="stable")
    return Grids(
        code[order], name[order], grids.exclusive[order], grids.host[order],
        grids.community[order], grids.lonlat[order], grids.metric[order],
    )  # fmt: skip


def _numbers(metric: Geometries) -> Ints:
    middle, bounds = shapely.centroid(metric), shapely.bounds(metric)
    return number_in_community(
        shapely.get_x(middle), shapely.get_y(middle), bounds[:, 3] - bounds[:, 1]
    )


def _name(community: str, number: int) -> str:
    return f"{community}{number}号网格"
