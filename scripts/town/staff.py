"""A 1+N team for every grid: one leader on any day, and members of the other three kinds."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from scripts.town.names import SURNAMES, people
from scripts.town.spec import FIRST_DAY, Ints

CHANGE_DAYS = (date(2022, 12, 1), date(2023, 3, 1), date(2023, 4, 10), date(2023, 6, 15))
CHANGE_SHARE = 0.18
SINKING_BODIES = (
    "镇派出所（虚构）",
    "镇司法所（虚构）",
    "镇政府包片干部（虚构）",
    "镇卫生院（虚构）",
)
SOCIAL_BODIES = (
    "志愿者服务队（虚构）",
    "老党员工作室（虚构）",
    "楼长小组（虚构）",
    "红白理事会（虚构）",
)

CENTRE = """code,name,phone,body
C001,试宁川,19903000001,试县民政局（虚构）
C002,试禾舟,19903000002,镇网格化服务中心（虚构）
C003,测山海,19903000003,镇网格化服务中心（虚构）
C004,样晚林,19903000004,镇党群服务中心（虚构）
C005,虚小桥,19903000005,镇政府（虚构）
C006,拟文洋,19903000006,镇政府（虚构）
"""
"""Staff in no team, as the text of centre.csv."""


def staff_table(
    grids: pd.DataFrame, community: dict[str, str], residents: Ints, rng: np.random.Generator
) -> pd.DataFrame:
    """The rows of staff.csv, one per person, grid and span.

    ``community`` gives names by code; ``residents`` per grid sets the number of workers.
    """
    rows: list[list[str]] = []
    people_so_far = 0

    def new_code() -> str:
        nonlocal people_so_far
        people_so_far += 1
        return f"S{people_so_far:04d}"

    since = FIRST_DAY.isoformat()
    # A police officer or clerk serves every grid of a community in turn: one person, many rows.
    officer_of: dict[str, list[str]] = {}
    columns = (grids[c].tolist() for c in ("code", "kind", "community", "host"))
    for grid, kind, home, host, load in zip(*columns, residents.tolist(), strict=True):
        committee = f"{community[home]}居委会（虚构）" if kind == "basic" else host
        spans = [(since, "")]
        if rng.random() < CHANGE_SHARE:
            first = CHANGE_DAYS[rng.integers(len(CHANGE_DAYS))]
            last_before = date.fromordinal(first.toordinal() - 1)
            spans = [(since, last_before.isoformat()), (first.isoformat(), "")]
        rows += [[new_code(), committee, grid, "leader", *span] for span in spans]
        for _ in range(1 + int(load > 220) if kind == "basic" else 1):
            rows.append([new_code(), committee, grid, "worker", since, ""])
        if kind == "basic" and rng.random() < 0.7:
            officers = officer_of.setdefault(home, [])
            if len(officers) < 2:
                officers.append(new_code())
            code = officers[int(rng.integers(len(officers)))]
            body = SINKING_BODIES[int(code[1:]) % len(SINKING_BODIES)]
            rows.append([code, body, grid, "sinking_force", since, ""])
        for _ in range(int(rng.integers(0, 3))):
            body = SOCIAL_BODIES[int(rng.integers(len(SOCIAL_BODIES)))]
            rows.append([new_code(), body, grid, "social_force", since, ""])
    names = people(rng.integers(0, len(SURNAMES), people_so_far), rng)
    table = pd.DataFrame(rows, columns=["code", "body", "grid", "role", "since", "until"])
    number = table["code"].str[1:].astype(int)
    table.insert(1, "name", [names[k - 1] for k in number])
    table.insert(2, "phone", [f"19901{k:06d}" for k in number])
    return table
