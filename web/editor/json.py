"""A scenario as the editor's page gets it: JSON-able, counts and no names of people."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import shapely
from flask import current_app
from flask_babel import gettext
from sqlalchemy.orm import Session

from gisgrid.core.crs import from_metric
from gisgrid.core.errors import GisgridError
from gisgrid.core.messages import said_of
from gisgrid.core.plans import PlanInfo, TownshipInfo, township_by_id
from gisgrid.jobs import balancing, pictures
from gisgrid.jobs.quick import shown
from gisgrid.jobs.taking import Proposals
from gisgrid.planning.checks.checks import CHECKS
from gisgrid.planning.editor import figures, moves, scenarios
from gisgrid.planning.editor.editor import PARTS, Editor, numbers
from gisgrid.planning.editor.refusals import ScenarioLocks
from gisgrid.planning.editor.shown import beside, borders, changed, locked_houses
from gisgrid.planning.review import review
from gisgrid.planning.snapshot.fetch import today
from layers.deviation import deviation_colour
from web.editor.states import standing, standing_key
from web.editor.store import editors
from web.http.language import said, said_again

SHOWN_MOVES = 60
SHOWN_FLOWS = 12
SHOWN_UNCOVERED = 300


def view(session: Session, plan: PlanInfo, version: int, editor: Editor) -> dict[str, Any]:
    """All that the page shows of a scenario at a version."""
    locks = moves.locks_of(session, plan.id)
    place = township_by_id(session, plan.township_id)
    base = editors().base_beside(session, place, plan, editor)
    return {
        **head(session, place, plan, version),
        **_reading(editor),
        "figures": _figures(base, editor),
        "figures_before": None
        if base is None
        else {**_figures(None, base), "deviations": figures.figures(base).deviations},
        "uncovered": figures.uncovered_places(editor, SHOWN_UNCOVERED),
        "taken": taken(session, plan.id, editor),
        "parts": PARTS,
        "posts": _posts(editor),
        "grids": grids(editor, range(len(editor.state.grids.code)), locks),
        "arcs": arcs(editor, locks, borders(editor, locks)),
        "house_locks": locked_houses(editor, locks),
        "job": job(balancing.last_job(session, plan.id)),
    }


def change(
    session: Session,
    plan: PlanInfo,
    version: int,
    before: Editor,
    after: Editor,
    *,
    since: int,
    held: ScenarioLocks | None = None,
) -> dict[str, Any]:
    """What is other on the page after an edit.

    Parameters
    ----------
    since
        The version of ``before``, which the page must show for this to be put upon it.
    held
        The locks before, where they are others by now.
    """
    locks = moves.locks_of(session, plan.id)
    held = locks if held is None else held
    other = changed(before, after, held, locks)
    place = township_by_id(session, plan.township_id)
    base = editors().base_beside(session, place, plan, after)
    alike = figures.uncovered_alike(before, after)
    bare = {} if alike else {"uncovered": figures.uncovered_places(after, SHOWN_UNCOVERED)}
    return {
        **head(session, place, plan, version),
        **_reading(after),
        "figures": _figures(base, after),
        **bare,
        "taken": taken(session, plan.id, after),
        "since": since,
        "grids": grids(after, other.rows, locks),
        "gone": other.gone,
        "arcs": arcs(after, locks, other.arcs),
        "arcs_gone": other.arcs_gone,
        "house_locks": locked_houses(after, locks),
    }


def _reading(editor: Editor) -> dict[str, Any]:
    """Which houses and people the numbers count, and as of when."""
    assert editor.reading is not None  # noqa: S101 - it is one at hand
    return {"reading": editor.reading.name, "read_at": editor.reading.at.isoformat()}


def _figures(base: Editor | None, editor: Editor) -> dict[str, Any]:
    """The whole scenario in numbers; the grids of the page tell the deviations themselves."""
    found = asdict(figures.figures(editor))
    del found["deviations"]
    moved = None if base is None else figures.residents_moved(base, editor)
    return {**found, "residents_moved": moved}


def taken(session: Session, plan_id: int, editor: Editor) -> dict[str, Any] | None:
    """The number of the newest proposal, and which of its moves the scenario has; None: there is none."""
    proposals: Proposals = current_app.extensions["gisgrid_proposals"]
    found = proposals.taken(session, plan_id, editor)
    return None if found is None else asdict(found)


def _posts(editor: Editor) -> list[list[float]]:
    """Where posts of teams and stations in use stand."""
    spots = from_metric(shapely.points(editor.state.open_stations.xy_m), editor.state.srid)
    return pictures.spots(shapely.get_coordinates(spots))


def head(session: Session, place: TownshipInfo, plan: PlanInfo, version: int) -> dict[str, Any]:
    """What the page shows of a scenario beside its map."""
    found = scenarios.scenario(session, plan.id)
    can_undo, can_redo = moves.steps_there(session, plan.id)
    return {
        "id": plan.id,
        "name": plan.name,
        "state": plan.state,
        "standing": standing(plan),
        "standing_key": standing_key(plan),
        "first_day": review.first_day(session, plan).isoformat(),
        "today": today(place).isoformat(),
        "version": version,
        "stale": found.stale,
        "based_on": found.based_on,
        "editable": plan.state in scenarios.EDITABLE,
        "log": [_entry(m) for m in moves.log(session, plan.id, SHOWN_MOVES)],
        "can_undo": can_undo,
        "can_redo": can_redo,
        "steps": [_step(s) for s in review.steps(session, plan.id)],
    }


def _entry(move: moves.LoggedEdit) -> dict[str, Any]:
    """An edit with the largest of its flows, and how many more there are."""
    most = sorted(move.flows, key=lambda f: -f["houses"])[:SHOWN_FLOWS]
    return {
        "number": move.number,
        "action_text": actions().get(move.action, move.action),
        "who": move.who,
        "why": move.why,
        "at": move.at.isoformat(),
        "standing": move.standing,
        "flows": most,
        "more": len(move.flows) - len(most),
    }


def _step(step: review.ReviewStep) -> dict[str, Any]:
    reason = gettext("without review") if step.reason == review.UNREVIEWED else step.reason
    return {**asdict(step), "at": step.at.isoformat(), "reason": reason}


def grids(
    editor: Editor,
    rows: Sequence[int],
    locks: ScenarioLocks = ScenarioLocks(),  # noqa: B008
) -> list[dict[str, Any]]:
    """Grids with numbers, colour and polygon, in the order of the rows."""
    shapes = shapely.to_geojson(editor.state.grids.lonlat[np.array(rows, dtype=np.int64)])
    return [
        {
            **asdict(n),
            "colour": deviation_colour(n.deviation),
            "locked": n.code in locks.grids,
            "geometry": json.loads(shape),
        }
        for shape, n in zip(shapes, numbers(editor, list(rows)), strict=True)
    ]


def arcs(editor: Editor, locks: ScenarioLocks, names: Iterable[str]) -> list[dict[str, Any]]:
    """Some borders with their line and the grids on both sides."""
    known = borders(editor, locks)
    return [
        {
            "id": name,
            "grids": beside(editor, editor.arc_of[name]),
            "line": editor.topology.lines[editor.arc_of[name]].tolist(),
            "movable": known[name].movable,
            "locked": known[name].locked,
        }
        for name in names
    ]


def preview(before: Editor, after: Editor, refused: GisgridError | None) -> dict[str, Any]:
    """What an edit would change: grids before and after, who moves, and why it may not be."""
    return {
        **coloured(shown(before, after)),
        "refused": None if refused is None else refusal(refused),
    }


def coloured(found: Mapping[str, Any]) -> dict[str, Any]:
    """What `gisgrid.jobs.quick.shown` found, as the page draws it; the largest flows."""
    grids = [
        {**g, "colour": deviation_colour(g["deviation"]), "locked": False} for g in found["grids"]
    ]
    most = sorted(found["flows"], key=lambda f: -f["houses"])[:SHOWN_MOVES]
    return {
        "grids": grids,
        "gone": found["gone"],
        "flows": most,
        "more": len(found["flows"]) - len(most),
    }


def refusal(error: GisgridError) -> dict[str, Any]:
    return {
        "message": said(error),
        "place": error.facts.get("place"),
    }


def job(found: balancing.JobInfo | None) -> dict[str, Any] | None:
    """A job in the asker's language, without the codes of the houses it would move."""
    if found is None:
        return None
    word = _WORDED.get(found.kind, _proposal)
    return {
        "id": found.id,
        "kind": found.kind,
        "state": found.state,
        "done": found.done,
        "total": found.total,
        "doing": doing().get(found.doing) or _checking(found.doing),
        "failed": said_again(found.failed) or None,
        "result": None if found.result is None else word(found.result),
    }


def _proposal(kept: Mapping[str, Any]) -> dict[str, Any]:
    result = {k: v for k, v in kept.items() if k not in ("grids", "drawn", "ground")}
    result["grids_drawn"] = len(kept.get("drawn", ()))
    result["moves"] = [{**m, "houses": len(m["houses"])} for m in kept["moves"]]
    result["left_out"] = [
        {"text": _said(left["said"]), "mends": mends(left["grids"])}
        for left in kept.get("left_out", ())
    ]
    for name in ("reasons", "notes"):
        result[name] = [_said(words) for words in kept.get(name, ())]
    return result


def _checked(kept: Mapping[str, Any]) -> dict[str, Any]:
    if "checks" not in kept:
        return dict(kept)
    mend = {"label": gettext("Mend all slivers"), "edit": {"kind": "slivers"}}
    return {
        **kept,
        "checks": [
            {
                **c,
                "title": _said(c["title"]),
                "mends": [mend] if c["name"] == "sliver" and c["findings"] else [],
                "findings": [
                    {
                        "text": _said(f["text"]),
                        "fix": f["fix"] and _said(f["fix"]),
                        "residents": f["residents"],
                        "place": f["place"],
                        "houses": f.get("houses", 0),
                        "points": f.get("points", ()),
                        "mends": mends(f["stray"]),
                    }
                    for f in c["findings"]
                ],
            }
            for c in kept["checks"]
        ],
    }


def _shown(kept: Mapping[str, Any]) -> dict[str, Any]:
    if "grids" not in kept:
        return dict(kept)
    bad = kept["refused"]
    refused = bad and {"message": _said(bad["text"]), "place": bad["place"]}
    return {**coloured(kept), "version": kept["version"], "refused": refused}


def _said(stored: Mapping[str, Any]) -> str:
    """A sentence of a result, in the asker's language."""
    return said(said_of(stored))


def _checking(title: str) -> str:
    """A check by its English title, as the asker calls it; another text as it is."""
    return next((said(c.title) for c in CHECKS if c.title.en == title), title)


_WORDED: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "check": _checked,
    "show": _shown,
    "take": dict,
    "publish": dict,
}


def mends(grids: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The edits that keep grids inside one community, each with the words of its button.

    Parameters
    ----------
    grids
        Code of each, and of the community of most of its houses where that is another than its own.
    """
    out = []
    for grid in grids:
        edit = {"kind": "across", "grid": grid["code"]}
        label = gettext("Cut %(grid)s at its community's border", grid=grid["code"])
        out.append({"label": label, "edit": {**edit, "how": "cut"}})
        if grid["to"]:
            label = gettext(
                "Give %(grid)s to community %(to)s, where most of its houses are",
                grid=grid["code"],
                to=grid["to"],
            )
            out.append({"label": label, "edit": {**edit, "how": "give"}})
    return out


def actions() -> dict[str, str]:
    return {
        "drag": gettext("Border moved"),
        "split": gettext("Grid split"),
        "merge": gettext("Grids merged"),
        "draw": gettext("Grid drawn"),
        "give": gettext("Houses moved"),
        "remove": gettext("Grid removed"),
        "rebalance": gettext("Proposal taken over"),
        "take_back": gettext("Proposal taken back"),
        "combine": gettext("Scenario combined"),
        "across": gettext("Grid cut at its community's border"),
        "slivers": gettext("Slivers mended"),
    }


def doing() -> dict[str, str]:
    return {
        "": gettext("waiting"),
        "reading": gettext("reading the register"),
        "weighing": gettext("weighing the work"),
        "ground in units": gettext("cutting the ground into units"),
        "balancing": gettext("balancing"),
        "balancing, communities": gettext("balancing, community by community"),
        "drawing": gettext("drawing the borders and counting again"),
        "counting": gettext("counting what lies in the grids"),
        "looking at the result": gettext("looking at the result"),
        "writing": gettext("writing"),
    }
