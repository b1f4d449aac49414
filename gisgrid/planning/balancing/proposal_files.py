"""A proposed plan as sheets of a workbook and as places on a map: who moves from where to where."""

from __future__ import annotations

from gisgrid.core.messages import Message
from gisgrid.files.exports import Feature, Sheet
from gisgrid.planning.balancing.rebalance import Proposal
from gisgrid.planning.editor.drawn import drawn_notes
from gisgrid.planning.workload.workload import event_days


def proposal_features(proposal: Proposal) -> list[Feature]:
    """The new basic grids (``what`` = grid) and the ground that moves (``what`` = move)."""
    row_of = {code: k for k, code in enumerate(proposal.task.state.grids.code)}
    grids = [
        Feature(
            proposal.lonlat[row_of[g.code]],
            {
                "what": "grid",
                "code": g.code,
                "name": g.name,
                "community": g.community,
                "changed": int(g.changed),
                "before_min": g.before_min,
                "after_min": g.after_min,
                "before_deviation": g.before_deviation,
                "after_deviation": g.after_deviation,
                "houses_before": g.houses_before,
                "houses_after": g.houses_after,
                "residents_before": g.residents_before,
                "residents_after": g.residents_after,
            },
        )
        for g in proposal.grids
    ]
    return grids + [
        Feature(
            m.ground,
            {
                "what": "move",
                "from_grid": m.from_grid,
                "to_grid": m.to_grid,
                "community": m.community,
                "houses": len(m.houses),
                "households": m.households,
                "residents": m.residents,
                "minutes": m.minutes,
            },
        )
        for m in proposal.moves
    ]


def proposal_sheets(proposal: Proposal) -> list[Sheet]:
    """What was reached, the grids before and after, and the hand-over house by house."""
    result, options = proposal.result, proposal.task.options
    days = event_days(proposal.task.state, proposal.task.weights)
    said = [
        ("允许偏差 tolerance", options.tolerance),
        ("均衡对象 made even in", options.levelled),
        (
            "最大偏差（按新方案计算） largest deviation, counted under the new plan",
            result.max_deviation,
        ),
        ("轮数 rounds", proposal.settled.rounds),
        ("移动成本 moved", result.moved_cost),
        ("理论下限 bound", result.bound),
        ("超出下限 over the bound", result.gap),
        ("移动房屋 houses moved", proposal.houses_moved),
        ("移动居民 residents moved", proposal.residents_moved),
        ("紧凑度 compactness before", proposal.compactness_before),
        ("紧凑度 compactness after", result.compactness),
        ("随机种子 seed", options.seed),
        ("权重版本 weights", proposal.task.weights.version),
        ("计入事件的日期 days of events", f"{days.first} – {days.last}"),
        ("计入事件数 events counted", days.events),
        *(("未达到的原因 reason", _both(said)) for said in proposal.reasons),
        *(("未参与 left out", _both(left.said)) for left in proposal.task.left_out),
        *(("说明 note", _both(said)) for said in drawn_notes(proposal.settled.drawn)),
    ]
    return [
        Sheet("结果 result", ("项目 what", "数值 value"), said),
        Sheet(
            "社区 communities",
            ("社区 community", "目标 target", "最大偏差 largest deviation", "下限 floor",
             "移动成本 moved", "理论下限 bound", "达到 reached"),
            [
                (str(c.community), c.target, c.max_deviation, c.floor, c.moved_cost, c.bound,
                 "yes" if c.reached else "no")
                for c in result.communities
            ],
        ),
        Sheet(
            "网格 grids",
            ("网格 grid", "名称 name", "社区 community", "前分钟 before", "后分钟 after",
             "前偏差 deviation before", "后偏差 after", "前房屋 houses before", "后房屋 houses after",
             "前居民 residents before", "后居民 residents after"),
            [
                (g.code, g.name, g.community, g.before_min, g.after_min, g.before_deviation,
                 g.after_deviation, g.houses_before, g.houses_after, g.residents_before,
                 g.residents_after)
                for g in proposal.grids
            ],
        ),
        Sheet(
            "移交 moves",
            ("从 from", "到 to", "社区 community", "房屋 houses", "户 households",
             "居民 residents", "分钟 minutes"),
            [
                (m.from_grid, m.to_grid, m.community, len(m.houses), m.households, m.residents,
                 m.minutes)
                for m in proposal.moves
            ],
        ),
        Sheet(
            "房屋 houses",
            ("房屋 house", "从 from", "到 to"),
            [(code, m.from_grid, m.to_grid) for m in proposal.moves for code in m.houses],
        ),
    ]  # fmt: skip


def _both(said: Message) -> str:
    """As the heads of these workbooks: Chinese and English."""
    return f"{said.in_language('zh')} {said.en}"
