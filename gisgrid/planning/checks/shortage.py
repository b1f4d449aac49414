"""Where do people lack? Grids with no team, no leader, the leader alone, or nobody trained."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from sqlalchemy.orm import Session

from gisgrid.core.messages import Message
from gisgrid.core.plans import PlanInfo, TownshipInfo
from gisgrid.files.exports import Sheet
from gisgrid.planning.checks.checks import run_checks
from gisgrid.planning.checks.findings import CheckResult
from gisgrid.planning.snapshot.fetch import limits_of, plan_state
from gisgrid.planning.snapshot.snapshot import PlanSnapshot

CHECKS = ("no_team", "no_leader", "leader_only", "no_trained")


@dataclass(frozen=True)
class GridStaffing:
    """One grid: how many are in its team on the day, and what it lacks (names of checks)."""

    code: str
    name: str
    kind: str
    community: str
    community_code: str
    leaders: int
    workers: int
    sinking_force: int
    social_force: int
    trained: int
    residents: int
    lacks: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Shortage:
    """The answers of the checks, and every grid by code."""

    plan: PlanInfo
    day: date
    results: tuple[CheckResult, ...]
    grids: tuple[GridStaffing, ...]

    @property
    def missing(self) -> Message | None:
        """Why nobody knows whether grids have a team; None: it is known."""
        return next((r.missing for r in self.results if r.name == "no_team"), None)

    @property
    def lacking(self) -> tuple[GridStaffing, ...]:
        return tuple(grid for grid in self.grids if grid.lacks)


def shortage(session: Session, place: TownshipInfo, plan: PlanInfo, day: date) -> Shortage:
    """What the teams of a plan's grids lack on a day."""
    state = plan_state(session, place, plan, day)
    return shortage_of(state, plan, run_checks(state, limits_of(session, place.id), only=CHECKS))


def shortage_of(state: PlanSnapshot, plan: PlanInfo, results: list[CheckResult]) -> Shortage:
    """The same from a plan's state and the answers of the four checks."""
    grids, teams = state.grids, state.teams
    count = len(grids.code)

    def held(chosen: np.ndarray) -> list[int]:
        return np.bincount(teams.grid[chosen], minlength=count).tolist()  # type: ignore[no-any-return]

    roles = {
        role: held(teams.role == role)
        for role in ("leader", "worker", "sinking_force", "social_force")
    }
    trained, residents = held(teams.trained), state.per_grid(state.houses.residents)
    lacks: dict[str, list[str]] = {}
    for result in results:
        for finding in result.findings:
            for code in finding.grids:
                lacks.setdefault(code, []).append(result.name)
    return Shortage(
        plan,
        state.day,
        tuple(results),
        tuple(
            GridStaffing(
                code=grids.code[k],
                name=grids.name[k],
                kind="exclusive" if grids.exclusive[k] else "basic",
                community=state.communities.name[grids.community[k]],
                community_code=state.communities.code[grids.community[k]],
                leaders=roles["leader"][k],
                workers=roles["worker"][k],
                sinking_force=roles["sinking_force"][k],
                social_force=roles["social_force"][k],
                trained=trained[k],
                residents=int(residents[k]),
                lacks=tuple(lacks.get(grids.code[k], ())),
            )
            for k in range(count)
        ),
    )


def shortage_sheets(found: Shortage, *, lacking: bool = False) -> list[Sheet]:
    """The answers, and every grid (or those that lack something) with what it lacks in both languages."""
    title = {r.name: f"{r.title.in_language('zh')} {r.title.en}" for r in found.results}
    offered = {
        (r.name, code): f.fix for r in found.results for f in r.findings for code in f.grids
    }  # fmt: skip
    rows = []
    for g in found.lacking if lacking else found.grids:
        fix = next((fix for name in g.lacks if (fix := offered.get((name, g.code)))), None)
        rows.append((
            g.code, g.name, g.kind, g.community, g.leaders, g.workers, g.sinking_force,
            g.social_force, g.trained, g.residents, "；".join(title[name] for name in g.lacks),
            fix.said.in_language("zh") if fix else None, fix.en if fix else None,
        ))  # fmt: skip
    return [
        Sheet(
            "缺口 shortage",
            ("项目", "check", "结果 answer", "网格数 grids", "缺少", "missing"),
            [(r.title.in_language("zh"), r.title.en, r.status, len(r.findings), r.missing.in_language("zh") if r.missing else "", r.en)
             for r in found.results],
        ),
        Sheet(
            "网格 grids",
            ("编码 grid", "名称 name", "类型 kind", "社区 community", "网格长 leaders",
             "网格员 workers", "下沉力量 sinking force", "社会力量 social force",
             "受训 trained", "居民 residents", "缺口 lacks", "建议", "fix"),
            rows,
        ),
    ]  # fmt: skip
