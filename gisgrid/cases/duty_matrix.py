"""Who decides, who acts and who is told of each item of the list, level by level?"""

from __future__ import annotations

from collections.abc import Sequence

from gisgrid.cases.matters import MatterEntry
from gisgrid.db.tables.cases import LEVELS
from gisgrid.files.exports import Cell, Sheet

LETTERS = {
    "decider": ("D 决", "决定 decides"),
    "acts": ("A 办", "承办 does the work"),
    "informs": ("I 知", "知会 is told"),
}
"""Of the duty matrix: each part with its letter and its meaning."""
LEVEL_NAMES = {
    "residents": "居民", "grid": "网格", "community": "社区", "section": "片区", "township": "乡镇/街道",
}  # fmt: skip
"""The five levels in Chinese, from the lowest up."""


def duty_parts(entry: MatterEntry, level: str) -> list[str]:
    """What a level has to do with an item: of ``decider``, ``acts`` and ``informs`` those that it is."""
    has = {
        "decider": entry.decider == level,
        "acts": entry.acts == level,
        "informs": level in entry.informs,
    }
    return [part for part, there in has.items() if there]


def duty_sheets(book: Sequence[MatterEntry]) -> list[Sheet]:
    """The duty matrix as a sheet of a workbook, from the township down, and what its letters mean."""
    rows: list[list[Cell]] = [
        [
            e.code, e.major, e.name, e.name_en, e.office,
            *(" ".join(LETTERS[p][0] for p in duty_parts(e, level)) or None for level in LEVELS[::-1]),
        ]
        for e in book
    ]  # fmt: skip
    heads = ("编码 code", "大项 group", "事项 name", "事项英文 in English", "责任单位 office")
    levels = tuple(f"{zh} {en}" for en, zh in LEVEL_NAMES.items())[::-1]
    legend = [[letter, words] for letter, words in LETTERS.values()]
    return [
        Sheet("职责矩阵 duties", heads + levels, rows),
        Sheet("图例 legend", ("字母 letter", "含义 meaning"), legend),
    ]
