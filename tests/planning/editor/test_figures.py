"""The figures of a whole scenario, each counted again from the rows of Town F by SQL and by hand."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.plans import plan_in_force, township
from gisgrid.planning.attach.attach import attach
from gisgrid.planning.editor import edits, moves, scenarios
from gisgrid.planning.editor.editor import PARTS, Editor, editor_of, numbers, with_grids
from gisgrid.planning.editor.figures import figures, residents_moved
from gisgrid.planning.snapshot.snapshot import owners


def test_the_figures_of_a_scenario_are_those_of_its_rows(town: Session):
    place = township(town)
    base = plan_in_force(town, place.id)
    # A house that stands in no grid: it is a gap in people, before and after.
    town.execute(
        text(
            "UPDATE house SET geom = ST_Translate(geom, 1, 0) WHERE id = (SELECT h.id FROM house h "
            "JOIN household o ON o.house_id = h.id JOIN resident r ON r.household_id = o.id ORDER BY h.id LIMIT 1)"
        )
    )
    draft = scenarios.branch(town, base, name="草案", who="甲")
    before = scenarios.base_editor(town, place, draft, base)
    gone, into = _neighbours(before)
    after = with_grids(before, edits.merge(before, into, gone))
    moves.record(town, draft, 0, before, after, action="merge", who="甲")
    for plan in (base, draft):
        attach(town, plan.id, "house")
    for plan, editor in ((base, before), (draft, after)):
        found = figures(editor)
        of = {n.code: n for n in numbers(editor)}
        basic = {r.code: r.community_id for r in town.execute(_BASIC, {"plan": plan.id})}
        minutes = {code: of[code].minutes for code in basic}
        # From the mean of each community.
        off = []
        for code, home in basic.items():
            mates = [minutes[c] for c, h in basic.items() if h == home]
            off.append(minutes[code] / (sum(mates) / len(mates)) - 1)
        assert found.largest_deviation == pytest.approx(max(map(abs, off)))
        assert sorted(found.deviations) == pytest.approx(sorted(off))
        assert sum(abs(d) > 0.1 for d in found.deviations) == sum(abs(d) > 0.1 for d in off) > 0
        # Gini as the mean difference of all pairs, over posts that SQL shares among the grids.
        weight = editor.weights.posts
        posts: dict[str, float] = {}
        for row in town.execute(_POSTS, {"day": editor.state.day, "plan": plan.id}):
            posts[row.grid_code] = posts.get(row.grid_code, 0.0) + weight[row.role] / row.serves
        each = [minutes[code] / posts[code] for code in basic if posts.get(code)]
        pairs = sum(abs(a - b) for a, b in itertools.product(each, each)) / len(each) ** 2
        assert found.gini == pytest.approx(pairs / (2 * sum(each) / len(each)))
        assert all(of[code].posts == pytest.approx(posts.get(code, 0.0)) for code in basic)
        unserved = [code for code in basic if not posts.get(code)]
        assert found.unserved_grids == len(unserved)
        assert found.unserved_minutes == pytest.approx(sum(minutes[code] for code in unserved))
        bare = town.execute(_BARE, {"plan": plan.id}).one()
        assert (found.uncovered_houses, found.uncovered_residents) == (bare.houses, bare.residents)
        assert found.uncovered_houses == 1 and found.uncovered_residents > 0
        # What lies in grids and in none is all there is.
        assert sum(n.minutes for n in of.values()) + found.uncovered_minutes == pytest.approx(
            editor.work.total_mmin / 1000
        )
        assert sum(n.households for n in of.values()) + found.uncovered_households == bare.every
        assert all(sum(n.parts) == pytest.approx(n.minutes) for n in of.values())
        assert all(len(n.parts) == len(PARTS) for n in of.values())
    moved = town.scalar(_MOVED, {"base": base.id, "draft": draft.id})
    assert residents_moved(before, after) == moved > 0
    assert residents_moved(before, before) == 0
    # The same by the polygons alone.
    was = owners(
        before.state.houses.lonlat, before.state.grids.lonlat, np.array([before.row_of[gone]])
    )
    assert moved == before.state.houses.residents[was >= 0].sum()


def test_where_only_heads_are_work_the_figures_follow_from_rows_alone(town: Session):
    """Minutes too are counted by SQL: six a household, three a resident, and nothing else."""
    place = township(town)
    base = plan_in_force(town, place.id)
    draft = scenarios.branch(town, base, name="草案", who="甲")
    read = scenarios.base_editor(town, place, draft, base)
    weights = replace(
        read.weights, household_min=6.0, resident_min=3.0, event_min=0.0, visit_min=0.0, matter_min={},
        need_min=dict.fromkeys(read.weights.need_min, 0.0), walk_m_per_min=1e12,
    )  # fmt: skip
    found = figures(editor_of(read.state, weights))
    rows = town.execute(_HEADS, {"plan": base.id}).all()
    minutes = {r.code: 6.0 * r.households + 3.0 * r.residents for r in rows}
    home = {r.code: r.community_id for r in rows}
    mean = {c: np.mean([minutes[code] for code in home if home[code] == c]) for c in home.values()}
    off = [minutes[code] / mean[home[code]] - 1 for code in sorted(home)]
    assert found.deviations == pytest.approx(off)
    assert found.largest_deviation == pytest.approx(np.abs(off).max())
    posts: dict[str, float] = {}
    for row in town.execute(_POSTS, {"day": read.state.day, "plan": base.id}):
        posts[row.grid_code] = posts.get(row.grid_code, 0.0) + weights.posts[row.role] / row.serves
    each = np.array([minutes[code] / posts[code] for code in minutes if posts.get(code)])
    pairs = np.abs(each[:, None] - each[None, :]).mean()
    assert found.gini == pytest.approx(pairs / (2 * each.mean()))


def _neighbours(editor: Editor) -> tuple[str, str]:
    topology, grids = editor.topology, editor.state.grids
    for a, b in zip(topology.left.tolist(), topology.right.tolist(), strict=True):
        mates = min(a, b) >= 0 and grids.community[a] == grids.community[b]
        if mates and not grids.exclusive[[a, b]].any():
            return grids.code[a], grids.code[b]
    raise AssertionError("no two basic grids lie side by side")


_BASIC = text(
    "SELECT code, community_id FROM grid WHERE plan_id = :plan AND kind = 'basic' ORDER BY code"
)
_HEADS = text("""
SELECT g.code, g.community_id, count(DISTINCT o.id) AS households, count(DISTINCT r.id) AS residents
FROM grid g LEFT JOIN house_grid a ON a.grid_id = g.id AND a.plan_id = g.plan_id
LEFT JOIN household o ON o.house_id = a.house_id LEFT JOIN resident r ON r.household_id = o.id
WHERE g.plan_id = :plan AND g.kind = 'basic' GROUP BY g.code, g.community_id ORDER BY g.code
""")
_POSTS = text("""
SELECT m.grid_code, m.role, (SELECT count(DISTINCT o.grid_code) FROM team_member o
  JOIN grid h ON h.code = o.grid_code AND h.plan_id = :plan
  WHERE o.staff_id = m.staff_id AND o.during @> CAST(:day AS date)) AS serves
FROM team_member m JOIN grid g ON g.code = m.grid_code AND g.plan_id = :plan
WHERE m.during @> CAST(:day AS date)
""")
_BARE = text("""
SELECT count(DISTINCT h.id) FILTER (WHERE a.grid_id IS NULL) AS houses,
  count(DISTINCT r.id) FILTER (WHERE a.grid_id IS NULL) AS residents, count(DISTINCT o.id) AS every
FROM house h LEFT JOIN house_grid a ON a.house_id = h.id AND a.plan_id = :plan
LEFT JOIN household o ON o.house_id = h.id LEFT JOIN resident r ON r.household_id = o.id
""")
_MOVED = text("""
SELECT count(*) FROM resident r JOIN household o ON o.id = r.household_id
JOIN house_grid a ON a.house_id = o.house_id AND a.plan_id = :base
JOIN house_grid b ON b.house_id = o.house_id AND b.plan_id = :draft
JOIN grid g ON g.id = a.grid_id JOIN grid n ON n.id = b.grid_id WHERE g.code <> n.code
""")
