"""A scenario at hand: its grids, and what each would hold, from arrays that were read once.

The work of a house is what it is under the scenario's own grids, as `gisgrid.planning.workload.workload` counts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from hashlib import blake2b

import numpy as np
import shapely

from gisgrid.balance.walking import Walk
from gisgrid.balance.weights import Weights
from gisgrid.balance.workload import MMIN, Workload, deviations, posts
from gisgrid.core.arrays import Floats, Geometries, Ints, sums
from gisgrid.planning.editor.arcs import Topology, topology_of
from gisgrid.planning.snapshot.regrid import Spots, on_grids
from gisgrid.planning.snapshot.snapshot import NO_ROW, Grids, PlanSnapshot, rows_of
from gisgrid.planning.workload.workload import recounted, walk_of, workload_of

PARTS = ("households", "residents", "needs", "events", "visits", "walking")
"""What a grid's work is for; the needs of few people are told together."""


@dataclass(frozen=True)
class GridNumbers:
    """What a grid holds. ``deviation`` is from the mean of its community's basic grids, as a share."""

    code: str
    name: str
    kind: str
    community: str
    houses: int
    households: int
    residents: int
    minutes: float
    parts: tuple[float, ...]
    """The minutes by what they are for, in the order of ``PARTS``."""
    posts: float
    """Posts present: 1+N, where who serves several grids is shared among them."""
    per_post: float | None
    """Minutes a worker; None where nobody is present."""
    deviation: float | None
    compactness: float
    """Polsby-Popper: 1 is a circle."""
    pieces: int


@dataclass(frozen=True)
class EditorReading:
    """What an editor was read under: another, and it would hold other numbers.

    Parameters
    ----------
    township_id, day, weights, by_street
        For whom, on which day, and how the work was counted.
    settled
        `gisgrid.planning.editor.scenarios.newest_rows`.
    entries
        `gisgrid.planning.editor.scenarios.newest_entries`: it changes all day long.
    at
        When it was read.
    """

    township_id: int
    day: date
    weights: str
    by_street: bool
    settled: tuple[int, ...]
    entries: tuple[int, ...]
    at: datetime = field(default_factory=lambda: datetime.now(UTC), compare=False)

    def but_for_entries(self) -> tuple[object, ...]:
        """All that an editor must have been read under to be shown at all."""
        return self.township_id, self.day, self.weights, self.by_street, self.settled

    @property
    def name(self) -> str:
        """The same for two of which the numbers are the same, in whatever process."""
        facts = repr((self.but_for_entries(), self.entries))
        return blake2b(facts.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, eq=False)
class Editor:
    """A plan laid open to be edited: its arrays and its work.

    Parameters
    ----------
    state
        Grids of the scenario; the rest as on the day it was read.
    weights, walk, work
        The work under these grids, and how it is counted.
    houses_at, events_at
        The points of the state's houses and events.
    present
        Posts present in each grid; they follow from its code.
    reading
        What it was read under, where it is kept at hand.
    """

    state: PlanSnapshot
    weights: Weights
    walk: Walk
    work: Workload
    houses_at: Spots
    events_at: Spots
    present: Floats
    reading: EditorReading | None = None

    @cached_property
    def topology(self) -> Topology:
        """Arcs of the grids that tile the ground; its rows are those of ``state.grids``."""
        shapes = np.full(len(self.state.grids.code), shapely.Polygon(), dtype=object)
        shapes[self.state.tiling] = self.state.grids.lonlat[self.state.tiling]
        return topology_of(shapes)

    @cached_property
    def arc_names(self) -> list[str]:
        """A name for each arc of ``topology``, the same wherever and whenever it is made.

        It follows from the arc's corners and the codes beside it, so that a page may keep it while
        other borders change.
        """
        codes, arcs = np.append(self.state.grids.code, ""), self.topology
        return [
            blake2b(
                line.tobytes() + f"{codes[left]}|{codes[right]}".encode(), digest_size=8
            ).hexdigest()
            for line, left, right in zip(arcs.lines, arcs.left, arcs.right, strict=True)
        ]

    @cached_property
    def arc_of(self) -> dict[str, int]:
        """Row of each arc by its name."""
        return {name: k for k, name in enumerate(self.arc_names)}

    @cached_property
    def numbers(self) -> list[GridNumbers]:
        """What each grid holds, in the order of its row."""
        return _numbers(self)

    def prepare(self) -> None:
        """Work out what whoever looks at it asks for first."""
        _ = self.numbers, self.arc_names

    @cached_property
    def row_of(self) -> dict[str, int]:
        return {code: k for k, code in enumerate(self.state.grids.code)}


def editor_of(state: PlanSnapshot, weights: Weights, walk: Walk | None = None) -> Editor:
    """The editor of the plan of ``state``; without a ``walk`` walks go along its streets."""
    walk = (walk or walk_of(state, weights)).knowing(state.houses.xy_m)
    return Editor(
        state,
        weights,
        walk,
        workload_of(state, weights, walk=walk),
        Spots(state.houses.lonlat),
        Spots(state.events.lonlat),
        _present(state, weights),
    )


def with_grids(editor: Editor, grids: Grids) -> Editor:
    """The editor with other grids; only what lies about ground that changed is asked and counted anew.

    The same editor, with all that was worked out of it, if the grids are the same: so a scenario begins.
    """
    if grids.same_as(editor.state.grids):
        return editor
    state = on_grids(editor.state, grids, houses=editor.houses_at, events=editor.events_at)
    work = recounted(editor.work, editor.state, state, editor.weights, editor.walk)
    same = np.array_equal(grids.code, editor.state.grids.code)
    present = editor.present if same else _present(state, editor.weights)
    return replace(editor, state=state, work=work, present=present)


def numbers(editor: Editor, rows: Sequence[int] | None = None) -> list[GridNumbers]:
    """What the grids of some rows hold, all without; in the order of the rows."""
    return editor.numbers if rows is None else [editor.numbers[k] for k in rows]


def changed_codes(before: Editor, after: Editor) -> list[str]:
    """Codes of grids that came, went, or have other corners, name, kind, community or host."""
    old, new = before.state.grids, after.state.grids
    row = rows_of(new.code, old.code)
    there = np.flatnonzero(row >= 0)
    was = row[there]
    same = shapely.equals_identical(old.lonlat[was], new.lonlat[there])
    for column in ("name", "exclusive", "community", "host"):
        same &= getattr(old, column)[was] == getattr(new, column)[there]
    stayed = {new.code[k] for k in there[np.asarray(same, dtype=bool)].tolist()}
    return sorted(
        code
        for code in before.row_of.keys() | after.row_of.keys()
        if code not in stayed and _facts(before, code) != _facts(after, code)
    )


@dataclass(frozen=True)
class HouseFlow:
    """Houses that go from one grid to another; an empty code is no grid.

    ``minutes`` is their work a month in the grid they come from.
    """

    from_grid: str
    to_grid: str
    houses: tuple[str, ...]
    households: int
    residents: int
    minutes: float


def flows(before: Editor, after: Editor) -> list[HouseFlow]:
    """Which houses change their grid, by code from and to. Both hold the same houses."""
    houses = before.state.houses
    gone = moved_houses(before, after)
    was_code = np.append(before.state.grids.code, "")[houses.grid[gone]].astype(str)
    now_code = np.append(after.state.grids.code, "")[after.state.houses.grid[gone]].astype(str)
    order = np.lexsort((gone, now_code, was_code))
    other = (was_code[order][1:] != was_code[order][:-1]) | (
        now_code[order][1:] != now_code[order][:-1]
    )
    out = []
    for rows in np.split(gone[order], np.flatnonzero(other) + 1) if len(gone) else []:
        a, b = houses.grid[rows[0]], after.state.houses.grid[rows[0]]
        out.append(
            HouseFlow(
                before.state.grids.code[a] if a >= 0 else "",
                after.state.grids.code[b] if b >= 0 else "",
                tuple(houses.code[rows].tolist()),
                int(houses.households[rows].sum()),
                int(houses.residents[rows].sum()),
                float(before.work.house_mmin[rows].sum() / MMIN),
            )
        )
    return out


def moved_houses(before: Editor, after: Editor) -> Ints:
    """Rows of the houses that have another grid after; both hold the same houses."""
    # A grid that went has another row than no grid, which is none.
    went = NO_ROW - 1
    now = rows_of(before.state.grids.code, after.state.grids.code)
    now = np.append(np.where(now == NO_ROW, went, now), NO_ROW)
    return np.flatnonzero(now[before.state.houses.grid] != after.state.houses.grid)


def compactness(metric: Geometries) -> Floats:
    """Polsby-Popper of polygons in metres, 4 pi area / perimeter², 0 for an empty one."""
    around = shapely.length(metric)
    out = np.zeros(len(metric))
    np.divide(4 * np.pi * shapely.area(metric), around**2, out=out, where=around > 0)
    return out


def _facts(editor: Editor, code: str) -> tuple[object, ...] | None:
    row, grids = editor.row_of.get(code), editor.state.grids
    if row is None:
        return None
    # The store keeps every grid as a multipolygon, of one part mostly.
    wkb = shapely.to_wkb(shapely.MultiPolygon(shapely.get_parts(grids.lonlat[row])))
    return (
        grids.name[row], bool(grids.exclusive[row]), int(grids.community[row]), grids.host[row], wkb
    )  # fmt: skip


def _numbers(editor: Editor) -> list[GridNumbers]:
    state, count = editor.state, len(editor.state.grids.code)
    grids, houses = state.grids, state.houses
    owned = np.flatnonzero(houses.grid >= 0)
    of = houses.grid[owned]
    by_part = editor.work.by_grid(houses.grid)[:count]
    minutes = by_part.sum(axis=1) / MMIN
    parts = _by_purpose(by_part, editor.work.parts).tolist()
    present = editor.present
    per_post = np.divide(minutes, present, out=np.full(count, np.nan), where=present > 0)
    held = np.bincount(of, minlength=count)
    households = sums(of, houses.households[owned].astype(np.float64), count)
    residents = sums(of, houses.residents[owned].astype(np.float64), count)
    off = deviations(minutes, grids.community, ~grids.exclusive)
    round_ = compactness(grids.metric)
    pieces = shapely.get_num_geometries(grids.lonlat)
    return [
        GridNumbers(
            code=grids.code[k],
            name=grids.name[k],
            kind="exclusive" if grids.exclusive[k] else "basic",
            community=state.communities.code[grids.community[k]],
            houses=int(held[k]),
            households=int(households[k]),
            residents=int(residents[k]),
            minutes=float(minutes[k]),
            parts=tuple(parts[k]),
            posts=float(present[k]),
            per_post=None if np.isnan(per_post[k]) else float(per_post[k]),
            deviation=None if np.isnan(off[k]) else float(off[k]),
            compactness=float(round_[k]),
            pieces=int(pieces[k]),
        )
        for k in range(count)
    ]


def _present(state: PlanSnapshot, weights: Weights) -> Floats:
    teams = state.teams
    return posts(teams.grid, teams.role, teams.staff, len(state.grids.code), weights)


def _by_purpose(by_part: Ints, names: tuple[str, ...]) -> Floats:
    """Minutes of each grid by ``PARTS``, of its work by part."""
    column = {name: k for k, name in enumerate(PARTS)}
    out = np.zeros((len(by_part), len(PARTS)))
    for k, name in enumerate(names):
        out[:, column.get(name, column["needs"])] += by_part[:, k] / MMIN
    return out
