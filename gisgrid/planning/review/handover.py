"""Hand-over: which houses each team gives and gets when a plan replaces another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import NotAllowed
from gisgrid.core.plans import PlanInfo
from gisgrid.files.exports import Sheet
from gisgrid.planning.editor.compare import Successor
from gisgrid.planning.editor.editor import Editor


@dataclass(frozen=True)
class HandedHouse:
    """A house that changes its team. No grid is an empty code."""

    house: str
    address: str
    from_grid: str
    to_grid: str
    households: int
    residents: int


@dataclass(frozen=True)
class TeamSheet:
    """What one team gives and gets."""

    grid: str
    name: str
    gives: tuple[HandedHouse, ...]
    gets: tuple[HandedHouse, ...]


@dataclass(frozen=True)
class TeamHouse:
    """A house that a team gave or got, as somebody of it may see it."""

    house: str
    address: str | None
    """None: it lies where the asker may see no register."""
    other_name: str | None
    """Name of the grid it came from or went to; None: in no grid."""
    households: int | None
    """None where the address is."""
    given: bool


def handed_by_team(session: Session, plan: PlanInfo, code: str) -> list[TeamHouse]:
    """What the team of a grid gave and got when a plan replaced the one before, by address.

    Houses and their households are told where the transaction's account may see the register.

    Raises
    ------
    NotAllowed
        The grid of the code is not where the account may see registers.
    """
    if not session.scalar(text(_MY_GRID), {"plan": plan.id, "code": code}):
        raise NotAllowed("The hand-over of grid {code} is for its team.", code=code)
    rows = session.execute(
        text(_HANDED), {"plan": plan.id, "before": plan.based_on_id, "code": code}
    )
    return [TeamHouse(**row._mapping) for row in rows]


def handed_houses(
    session: Session, township_id: int, before: Editor, after: Editor, *, addresses: bool = True
) -> list[HandedHouse]:
    """Every house whose grid differs between two plans, by code.

    Parameters
    ----------
    addresses
        Whether the reader may see where the houses are; without, addresses are empty.
    """
    houses = before.state.houses
    old, new = before.state.grids.code.tolist(), after.state.grids.code.tolist()
    was = [old[k] if k >= 0 else "" for k in houses.grid.tolist()]
    now = [new[k] if k >= 0 else "" for k in after.state.houses.grid.tolist()]
    gone = [k for k, (a, b) in enumerate(zip(was, now, strict=True)) if a != b]
    codes = houses.code[gone].tolist()
    address = {
        row.code: row.address
        for row in session.execute(
            text(
                "SELECT code, coalesce(address, '') AS address FROM house "
                "WHERE township_id = :t AND code = ANY(:codes)"
            ),
            {"t": township_id, "codes": codes if addresses else []},
        )
    }
    return [
        HandedHouse(
            house=houses.code[k],
            address=address.get(houses.code[k], ""),
            from_grid=was[k],
            to_grid=now[k],
            households=int(houses.households[k]),
            residents=int(houses.residents[k]),
        )
        for k in gone
    ]


def team_sheets(handed: Sequence[HandedHouse], before: Editor, after: Editor) -> list[TeamSheet]:
    """The sheet of each team that gives or gets a house, by code of its grid.

    Each house stands once under ``gives`` and once under ``gets``, unless it came from, or went to,
    no grid.
    """
    names = {
        **dict(zip(before.state.grids.code, before.state.grids.name, strict=True)),
        **dict(zip(after.state.grids.code, after.state.grids.name, strict=True)),
    }
    busy = sorted({code for h in handed for code in (h.from_grid, h.to_grid)} - {""})
    return [
        TeamSheet(
            grid,
            names[grid],
            tuple(h for h in handed if h.from_grid == grid),
            tuple(h for h in handed if h.to_grid == grid),
        )
        for grid in busy
    ]


def handover_sheets(
    teams: Sequence[TeamSheet], handed: Sequence[HandedHouse], successors: Sequence[Successor]
) -> list[Sheet]:
    """A workbook: totals, one sheet a team, and the crosswalk of codes."""
    total = (
        "合计 total", "", len(handed), sum(h.households for h in handed),
        sum(h.residents for h in handed), len(handed), sum(h.households for h in handed),
        sum(h.residents for h in handed),
    )  # fmt: skip
    heads = (
        "网格 grid", "名称 name", "移出房屋 houses given", "户 households", "居民 residents",
        "接收房屋 houses received", "户 households", "居民 residents",
    )  # fmt: skip
    rows: list[tuple[str | int, ...]] = [
        (
            t.grid, t.name, len(t.gives), sum(h.households for h in t.gives),
            sum(h.residents for h in t.gives), len(t.gets), sum(h.households for h in t.gets),
            sum(h.residents for h in t.gets),
        )
        for t in teams
    ]  # fmt: skip
    nowhere = [h for h in handed if not h.from_grid], [h for h in handed if not h.to_grid]
    if any(nowhere):
        rows.append((
            "", "无网格 in no grid", *_counts(nowhere[0]), *_counts(nowhere[1])
        ))  # fmt: skip
    sheets = [Sheet("汇总 totals", heads, [*rows, total])]
    for team in teams:
        lines = [("移出 gives", h) for h in team.gives] + [("接收 gets", h) for h in team.gets]
        sheets.append(
            Sheet(
                team.grid[-20:],
                ("移出/接收 what", "房屋 house", "地址 address", "从 from", "到 to",
                 "户 households", "居民 residents"),
                [
                    (what, h.house, h.address, h.from_grid, h.to_grid, h.households, h.residents)
                    for what, h in lines
                ],
            )
        )  # fmt: skip
    if successors:
        sheets.append(
            Sheet(
                "代码对照 crosswalk",
                ("旧代码 old", "新代码 new", "房屋 houses", "户 households", "居民 residents",
                 "占比 share"),
                [
                    (s.old_code, s.new_code, s.houses, s.households, s.residents, s.share)
                    for s in successors
                ],
            )
        )  # fmt: skip
    return sheets


def _counts(handed: Sequence[HandedHouse]) -> tuple[int, int, int]:
    return len(handed), sum(h.households for h in handed), sum(h.residents for h in handed)


_MY_GRID = """
SELECT EXISTS (
    SELECT FROM grid g JOIN plan p ON p.id = g.plan_id WHERE g.plan_id = :plan AND g.code = :code
      AND (g.id = ANY ((SELECT my_grids('see_register'))::bigint[])
           OR p.township_id = ANY ((SELECT my_townships('see_register'))::bigint[])
           OR g.community_id = ANY ((SELECT my_communities('see_register'))::bigint[])))
"""

_HANDED = """
WITH moved AS MATERIALIZED (
    SELECT a.house_id, CASE WHEN o.code = :code THEN n.name ELSE o.name END AS other_name,
           coalesce(o.code = :code, false) AS given
    FROM grid_of_house a JOIN grid_of_house b ON b.house_id = a.house_id AND b.plan_id = :before
    LEFT JOIN grid n ON n.id = a.grid_id LEFT JOIN grid o ON o.id = b.grid_id
    WHERE a.plan_id = :plan AND :code IN (n.code, o.code) AND n.code IS DISTINCT FROM o.code
), seen AS MATERIALIZED (
    SELECT unnest(houses_within('see_register', ARRAY(SELECT house_id FROM moved))) AS id
)
SELECT h.code AS house, CASE WHEN seen.id IS NOT NULL THEN h.address END AS address, moved.other_name,
       CASE WHEN seen.id IS NOT NULL THEN (SELECT count(*) FROM household f WHERE f.house_id = h.id) END
           AS households,
       moved.given
FROM moved JOIN house h ON h.id = moved.house_id LEFT JOIN seen ON seen.id = h.id
ORDER BY seen.id IS NULL, h.address COLLATE "C", h.code COLLATE "C"
"""
