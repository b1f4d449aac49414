"""What the town's people learned and read: training, documents, receipts. All of it invented."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

# Code, course, kind, day, hours, last day on which it counts, share of the teams that took part.
COURSES = (
    ("T2022-01", "上岗培训：网格员职责与规范（虚构）", "training", "2022-09-08", 8.0, "", 0.85),
    ("T2022-02", "信息采集与个人信息保护（虚构）", "training", "2022-10-19", 4.0, "2023-10-18", 0.7),
    ("T2022-03", "消防安全巡查（虚构）", "training", "2022-11-23", 3.5, "2023-11-22", 0.55),
    ("T2023-01", "赴邻镇学习一网通办（虚构）", "study_tour", "2023-03-15", 6.0, "", 0.2),
    ("T2023-02", "矛盾纠纷调解（虚构）", "training", "2023-05-17", 4.0, "2024-05-16", 0.6),
    ("M2023-01", "一季度网格工作例会（虚构）", "meeting", "2023-04-03", 1.5, "", 0.75),
    ("M2023-02", "二季度网格工作例会（虚构）", "meeting", "2023-07-03", 1.5, "", 0.75),
)  # fmt: skip
# Nobody of these teams has been trained: what a report of shortages is there to find.
UNTRAINED_TEAMS = 3

PROGRAMME = """网格化治理实施方案（{edition}，虚构）

本文件为虚构样例，所述镇、社区、人员均不存在。

一、五级责任：镇政府统筹，包片干部包社区，社区协调，网格落实，居民响应。
二、“1+N”团队：每个网格设网格长一名，网格员、下沉力量、社会力量若干名，共同负责一个网格。
三、走访：有人居住的房屋每年至少走访一次，独居老人每季度一次。
四、事件：能当场办结的当场办结，办不了的按事项清单上报，不得自行增加事项。
{more}"""
WORKBOOK = """网格员工作手册（虚构）

本文件为虚构样例，所述镇、社区、人员均不存在。

一、入户：先亮身份，说明来意；只采集清单内的信息，居民可以拒绝。
二、记录：户档当天更新，写明核实日期；有疑问的请居民确认后再改。
三、保密：姓名、证件号、电话不外传，不拍照，不抄在纸上带走。
四、上报：看清地点，选对事项，写清情况；紧急事件先打电话，再补录。
"""
# File, code of the document, title, day of issue, whose reading is asked for (empty: everybody's).
DOCUMENTS = (
    ("programme-1.txt", "F-2022-01", "网格化治理实施方案（虚构）", "2022-09-01", ""),
    ("programme-2.txt", "F-2022-01", "网格化治理实施方案（虚构）", "2023-03-01", ""),
    ("workbook-1.txt", "F-2022-02", "网格员工作手册（虚构）", "2022-09-01", "leader;worker"),
)
TEXTS = {
    "programme-1.txt": PROGRAMME.format(edition="2022年版", more=""),
    "programme-2.txt": PROGRAMME.format(
        edition="2023年修订", more="五、培训：每名网格长、网格员每年参加培训不少于八学时。\n"
    ),
    "workbook-1.txt": WORKBOOK,
}


def trainings_table(staff: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The rows of trainings.csv, one per course and person who took part."""
    grids = sorted(staff["grid"].unique())
    without = set(rng.permutation(grids)[:UNTRAINED_TEAMS].tolist())
    serves_one = staff.groupby("code")["grid"].agg(set)
    left_out = {code for code, where in serves_one.items() if where & without}
    rows = []
    for code, course, kind, day, hours, expires, share in COURSES:
        there = _in_a_team(staff, date.fromisoformat(day))
        came = [c for c in there if rng.random() < share]
        rows += [
            [code, course, kind, day, f"{hours:g}", expires, person]
            for person in came
            if kind != "training" or person not in left_out
        ]
    return pd.DataFrame(
        rows, columns=["code", "course", "kind", "held_on", "hours", "expires_on", "staff"]
    )


def documents_table() -> pd.DataFrame:
    """The rows of documents.csv: which file is issued as what."""
    return pd.DataFrame(DOCUMENTS, columns=["file", "code", "title", "issued_on", "roles"])


def receipts_table(staff: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The rows of receipts.csv: who signed for which version, and when."""
    rows = []
    number: dict[str, int] = {}
    for _, code, _, issued, roles in DOCUMENTS:
        number[code] = number.get(code, 0) + 1
        first = date.fromisoformat(issued)
        asked = _in_a_team(staff, first, roles.split(";") if roles else None)
        for person in asked:
            if rng.random() < (0.9 if number[code] == 1 else 0.6):
                day = first + timedelta(int(rng.integers(0, 60)))
                at = f"{day} {int(rng.integers(8, 18)):02d}:{int(rng.integers(0, 60)):02d}"
                rows.append([code, number[code], person, at])
    return pd.DataFrame(rows, columns=["document", "version", "staff", "read_at"])


def _in_a_team(staff: pd.DataFrame, day: date, roles: list[str] | None = None) -> list[str]:
    """Codes of those with a part in a team on a day, in order, each once."""
    there = (staff["since"] <= day.isoformat()) & (
        (staff["until"] == "") | (staff["until"] >= day.isoformat())
    )
    if roles:
        there &= staff["role"].isin(roles)
    return sorted(staff["code"][there].unique())
