"""What a check says: one of three answers, the places, the people affected, and the fix offered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gisgrid.core.arrays import Ints
from gisgrid.core.messages import Message
from gisgrid.planning.snapshot.snapshot import Houses

Status = Literal["pass", "fail", "incomplete"]


@dataclass(frozen=True)
class Fix:
    """What would mend it; ``grid`` is the code of the grid that would take over, if any."""

    said: Message
    grid: str | None = None
    residents: int = 0

    @property
    def en(self) -> str:
        return self.said.en


@dataclass(frozen=True, eq=False)
class Finding:
    """One place where a check fails.

    ``place`` is in the metric CRS of the plan's state inside the checks, and in EPSG:4326 in what
    `gisgrid.planning.checks.checks.run_checks` returns. It may be empty where nothing can be drawn.
    """

    place: BaseGeometry
    said: Message
    grids: tuple[str, ...] = ()
    community: str | None = None
    houses: tuple[str, ...] = ()
    """Codes of the houses affected, in order."""
    residents: int = 0
    measure: float | None = None
    """How bad it is, in ``unit``."""
    unit: str = ""
    fix: Fix | None = None

    @property
    def en(self) -> str:
        return self.said.en


@dataclass(frozen=True)
class CheckResult:
    """The answer of one check.

    ``houses`` and ``residents`` count each one once, however many findings name it. ``incomplete``
    says that what is known does not allow the answer pass, and ``missing`` what would.
    """

    name: str
    title: Message
    status: Status
    findings: tuple[Finding, ...]
    houses: int
    residents: int
    missing: Message | None = None

    @property
    def en(self) -> str:
        return self.missing.en if self.missing else ""


@dataclass(frozen=True, eq=False)
class Raw:
    """What one check hands back before it is counted: findings with the rows of their houses."""

    findings: Sequence[tuple[Finding, Ints]] = ()
    missing: Message | None = None
    """Why the answer is incomplete; None: nothing is missing."""


def counted(name: str, title: Message, raw: Raw, houses: Houses) -> CheckResult:
    """The result of a check: failed if there are findings, else incomplete, else passed."""
    findings = []
    touched = np.zeros(len(houses.code), dtype=bool)
    for finding, rows in raw.findings:
        touched[rows] = True
        codes = tuple(houses.code[np.sort(rows)].tolist())
        people = int(houses.residents[rows].sum())
        findings.append(_with_people(finding, codes, people))
    status: Status = "fail" if findings else "incomplete" if raw.missing else "pass"
    return CheckResult(
        name=name,
        title=title,
        status=status,
        findings=tuple(findings),
        houses=int(touched.sum()),
        residents=int(houses.residents[touched].sum()),
        missing=raw.missing,
    )


def _with_people(finding: Finding, codes: tuple[str, ...], residents: int) -> Finding:
    return replace(finding, houses=codes, residents=residents)


def spots(houses: Houses, rows: Ints) -> BaseGeometry:
    """The points of some houses as one geometry in the metric CRS; those without one are left out."""
    xy = houses.xy_m[rows]
    return shapely.multipoints(shapely.points(xy[np.isfinite(xy).all(axis=1)]))
