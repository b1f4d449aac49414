"""The workload of a plan as sheets of a workbook and as places on a map."""

from __future__ import annotations

from gisgrid.balance.workload import MMIN
from gisgrid.files.exports import Cell, Feature, Sheet
from gisgrid.planning.snapshot.snapshot import PlanSnapshot
from gisgrid.planning.workload.workload import AreaLoad, GridLoad, Loads

PART_ZH = {
    "households": "户", "residents": "居民", "living_alone": "独居", "disabled": "残疾",
    "child_alone": "留守儿童", "chronic_illness": "慢性病", "low_income": "低收入",
    "events": "事件", "visits": "走访", "walking": "步行",
}  # fmt: skip


def load_features(state: PlanSnapshot, found: Loads) -> list[Feature]:
    """Every grid with its minutes, parts and deviation, and its polygon as it is stored."""
    return [
        Feature(
            shape,
            {
                "code": g.code,
                "name": g.name,
                "kind": g.kind,
                "community": g.community,
                "residents": g.residents,
                "workload_min": g.total_mmin / MMIN,
                **{
                    f"{part}_min": mmin / MMIN
                    for part, mmin in zip(found.parts, g.parts_mmin, strict=True)
                },
                "posts": g.posts,
                "per_post_min": g.per_post_min,
                "deviation": g.deviation,
                "deviation_per_post": g.deviation_per_post,
                "weights": found.weights.version,
            },
        )
        for g, shape in zip(found.grids, state.grids.lonlat, strict=True)
    ]


def load_sheets(found: Loads) -> list[Sheet]:
    """Grids, communities with the township, and the weights."""
    parts = tuple(f"{PART_ZH.get(p, p)} {p}" for p in found.parts)
    return [
        Sheet(
            "网格 grids",
            ("网格 grid", "名称 name", "类型 kind", "社区 community", "居民 residents", *parts,
             "合计分钟 minutes", "岗位 posts", "人均分钟 min per post", "偏差 deviation",
             "人均偏差 deviation per post"),
            [_grid_row(g) for g in (*found.grids, found.nowhere)],
        ),
        Sheet(
            "社区 communities",
            ("社区 community", "名称 name", "网格数 grids", "居民 residents", *parts,
             "合计分钟 minutes", "岗位 posts", "最大/平均 max/mean", "基尼系数 Gini",
             "人均最大/平均 max/mean per post", "人均基尼系数 Gini per post"),
            [_area_row(a) for a in (*found.communities, found.township)],
        ),
        Sheet(
            "权重 weights",
            ("权重 weight", "数值 value"),
            [
                ("version", found.weights.version),
                ("计入事件的日期 days of events", f"{found.events.first} – {found.events.last}"),
                ("计入事件数 events counted", found.events.events),
                *_flat(found.weights.stored()),
            ],
        ),
    ]  # fmt: skip


def _grid_row(g: GridLoad) -> tuple[Cell, ...]:
    return (
        g.code or "（无网格 in no grid）", g.name, g.kind, g.community, g.residents,
        *(m / MMIN for m in g.parts_mmin), g.total_mmin / MMIN, g.posts, g.per_post_min,
        g.deviation, g.deviation_per_post,
    )  # fmt: skip


def _area_row(a: AreaLoad) -> tuple[Cell, ...]:
    return (
        a.code or "（合计 total）", a.name, a.grids, a.residents,
        *(m / MMIN for m in a.parts_mmin), a.total_mmin / MMIN, a.posts,
        a.per_grid.max_over_mean, a.per_grid.gini, a.per_post.max_over_mean, a.per_post.gini,
    )  # fmt: skip


def _flat(stored: dict[str, object]) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for name, value in stored.items():
        if isinstance(value, dict):
            rows.extend((f"{name}.{key}", v) for key, v in value.items())
        else:
            rows.append((name, value))  # type: ignore[arg-type]
    return rows
