"""What a check says: one of three answers, the places, the people affected, and the fix offered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gisgrid.core.arrays import Ints
from gisgrid.planning.snapshot.snapshot import Houses

Status = Literal["pass", "fail", "incomplete"]


@dataclass(frozen=True)
class Fix:
    """What would mend it; ``grid`` is the code of the grid that would take over, if any."""

    en: str
    zh: str
    grid: str | None = None
    residents: int = 0


@dataclass(frozen=True, eq=False)
class Finding:
    """One place where a check fails.

    ``place`` is in the metric CRS of the plan's state inside the checks, and in EPSG:4326 in what
    `gisgrid.planning.checks.checks.run_checks` returns. It may be empty where nothing can be drawn.
    """

    place: BaseGeometry
    en: str
    zh: str
    grids: tuple[str, ...] = ()
    community: str | None = None
    houses: tuple[str, ...] = ()
    """Codes of the houses affected, in order."""
    residents: int = 0
    measure: float | None = None
    """How bad it is, in ``unit``."""
    unit: str = ""
    fix: Fix | None = None


@dataclass(frozen=True)
class CheckResult:
    """The answer of one check.

    ``houses`` and ``residents`` count each one once, however many findings name it. ``incomplete``
    says that what is known does not allow the answer pass, and ``en``, ``zh`` say what is missing.
    """

    name: str
    title_en: str
    title_zh: str
    status: Status
    findings: tuple[Finding, ...]
    houses: int
    residents: int
    en: str = ""
    zh: str = ""


@dataclass(frozen=True, eq=False)
class Raw:
    """What one check hands back before it is counted: findings with the rows of their houses."""

    findings: Sequence[tuple[Finding, Ints]] = ()
    missing_en: str = ""
    missing_zh: str = ""
    """Why the answer is incomplete; empty: nothing is missing."""


def counted(name: str, titles: tuple[str, str], raw: Raw, houses: Houses) -> CheckResult:
    """The result of a check: failed if there are findings, else incomplete, else passed."""
    findings = []
    touched = np.zeros(len(houses.code), dtype=bool)
    for finding, rows in raw.findings:
        touched[rows] = True
        codes = tuple(houses.code[np.sort(rows)].tolist())
        people = int(houses.residents[rows].sum())
        findings.append(_with_people(finding, codes, people))
    status: Status = "fail" if findings else "incomplete" if raw.missing_en else "pass"
    return CheckResult(
        name=name,
        title_en=titles[0],
        title_zh=titles[1],
        status=status,
        findings=tuple(findings),
        houses=int(touched.sum()),
        residents=int(houses.residents[touched].sum()),
        en=raw.missing_en,
        zh=raw.missing_zh,
    )


def _with_people(finding: Finding, codes: tuple[str, ...], residents: int) -> Finding:
    return Finding(**{**finding.__dict__, "houses": codes, "residents": residents})


def spots(houses: Houses, rows: Ints) -> BaseGeometry:
    """The points of some houses as one geometry in the metric CRS; those without one are left out."""
    xy = houses.xy_m[rows]
    return shapely.multipoints(shapely.points(xy[np.isfinite(xy).all(axis=1)]))
