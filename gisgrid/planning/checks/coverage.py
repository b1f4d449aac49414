"""What does a plan leave uncovered? The answers of all checks, with sites for new stations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from gisgrid.core.limits import Limits
from gisgrid.core.plans import PlanInfo, TownshipInfo
from gisgrid.files.exports import Cell, Feature, Sheet
from gisgrid.planning.checks.checks import Tell, run_checks, station_sites
from gisgrid.planning.checks.findings import CheckResult
from gisgrid.planning.checks.shapes import Ground
from gisgrid.planning.snapshot.fetch import limits_of, plan_state

SITES = "too_far"
"""The check whose findings the sites for new stations answer."""


@dataclass(frozen=True, eq=False)
class Coverage:
    """The answers about one plan on one day; ``sites`` are proposals, not faults."""

    plan: PlanInfo
    day: date
    limits: Limits
    results: tuple[CheckResult, ...]
    sites: CheckResult | None


def coverage(
    session: Session,
    place: TownshipInfo,
    plan: PlanInfo,
    day: date,
    *,
    only: Sequence[str] | None = None,
    progress: Tell | None = None,
) -> Coverage:
    """Check a plan with what was known on a day.

    Raises
    ------
    Invalid
        ``only`` names no check, or the township's limits or sizes cannot be used.
    """
    limits = limits_of(session, place.id)
    if progress:
        progress(0, None, "reading")
    state = plan_state(session, place, plan, day)
    ground = Ground(state, limits)
    results = run_checks(state, limits, only=only, progress=progress, ground=ground)
    sites = None
    if any(r.name == SITES and r.status != "pass" for r in results):
        sites = station_sites(ground)
    return Coverage(plan, day, limits, tuple(results), sites)


def coverage_features(found: Coverage) -> list[Feature]:
    """Every finding as a feature, and the sites; no personal data."""
    return [
        Feature(
            finding.place,
            {
                "check": result.name,
                "title_en": result.title.en,
                "title_zh": result.title.in_language("zh"),
                "text_en": finding.en,
                "text_zh": finding.said.in_language("zh"),
                "grids": ",".join(finding.grids),
                "community": finding.community,
                "houses": len(finding.houses),
                "residents": finding.residents,
                "measure": finding.measure,
                "unit": finding.unit,
                "fix_en": finding.fix.en if finding.fix else None,
                "fix_zh": finding.fix.said.in_language("zh") if finding.fix else None,
                "fix_grid": finding.fix.grid if finding.fix else None,
                "fix_residents": finding.fix.residents if finding.fix else None,
            },
        )
        for result in _all(found)
        for finding in result.findings
    ]


def coverage_sheets(found: Coverage) -> list[Sheet]:
    """The answers, the places, and the houses of each place."""
    answers = Sheet(
        "检查 checks",
        ("check", "项目", "title", "结果 answer", "处 places", "房屋 houses",
         "居民 residents", "缺少", "missing"),
        [
            (r.name, r.title.in_language("zh"), r.title.en, r.status, len(r.findings), r.houses,
             r.residents, r.missing.in_language("zh") if r.missing else "", r.en)
            for r in _all(found)
        ],
    )  # fmt: skip
    places: list[tuple[Cell, ...]] = []
    houses: list[tuple[Cell, ...]] = []
    number = 0
    for result in _all(found):
        for f in result.findings:
            number += 1
            spot = None if f.place.is_empty else f.place.representative_point()
            fix = f.fix
            places.append((
                number, result.name, f.said.in_language("zh"), f.en, ", ".join(f.grids), f.community,
                len(f.houses), f.residents, f.measure, f.unit,
                fix.said.in_language("zh") if fix else None, fix.en if fix else None, fix.grid if fix else None,
                fix.residents if fix else None,
                round(spot.x, 7) if spot else None, round(spot.y, 7) if spot else None,
            ))  # fmt: skip
            houses.extend((number, result.name, code) for code in f.houses)
    return [
        answers,
        Sheet(
            "位置 places",
            ("编号 number", "check", "情况", "what", "网格 grids", "社区 community",
             "房屋 houses", "居民 residents", "数值 measure", "单位 unit", "建议", "fix",
             "接收网格 to grid", "涉及居民 people", "lon", "lat"),
            places,
        ),
        Sheet("房屋 houses", ("编号 number", "check", "房屋 house"), houses),
    ]  # fmt: skip


def _all(found: Coverage) -> list[CheckResult]:
    return [*found.results, *([found.sites] if found.sites else [])]
