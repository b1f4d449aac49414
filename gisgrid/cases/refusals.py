"""What the database says when it refuses a step, in words; see ``take_case_step`` in ``gisgrid/db/sql``."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.cases.flow import Step
from gisgrid.core.errors import Conflict, GisgridError, Invalid, NotAllowed


class CaseMoved(Conflict):
    """Somebody else has taken a step on the case meanwhile."""


class IllegalStep(Conflict):
    """The flow knows no such step from where the case stands."""


class Incomplete(Invalid):
    """The step lacks what its flow requires."""


class NotOnTheList(Invalid):
    """The matter may not be asked of a grid on that day.

    ``facts``: ``matter`` (its code), ``township`` (row number), ``community`` (its code, or None).
    """


_SAID: dict[str, tuple[type[GisgridError], str, str]] = {
    "GG001": (
        CaseMoved,
        "The case has moved on meanwhile; look at it again.",
        "该案件刚被他人处理过，请刷新后再操作。",
    ),
    "GG002": (IllegalStep, "The flow allows no such step from here.", "当前状态不能执行该步骤。"),
    "GG003": (NotAllowed, "The role may not take this step.", "该角色无权执行此步骤。"),
    "GG004": (
        NotAllowed,
        "Who handled a case does not check or close it.",
        "处置人不能自行核查结案。",
    ),
    "GG005": (Incomplete, "The step lacks what it requires.", "缺少该步骤的必填内容。"),
    "GG006": (
        NotOnTheList,
        "The matter is not on the list of that day and cannot be sent to a grid.",
        "该事项不在当日网格事项清单内，不能派给网格。",
    ),
    "GG007": (
        Conflict,
        "A case changes by its log only, and the log stays.",
        "案件只能通过办理记录变更，记录不可修改。",
    ),
}


def refusal(error: DBAPIError) -> GisgridError | None:
    """The error behind one of the database's own classes; None for any other."""
    said = _SAID.get(str(getattr(error.orig, "sqlstate", "")))
    if said is None:
        return None
    kind, en, zh = said
    return kind(en, zh=zh)


def in_words(
    session: Session, error: DBAPIError, rule: Step, case_id: int, grid_code: str | None
) -> Exception:
    """As `refusal`, with what the step of a case lacks, or what was wanted from the grid; else the error."""
    found = refusal(error)
    if isinstance(found, Incomplete):
        return Incomplete(
            f"The step {rule.name!r} needs {', '.join(rule.needs)}.",
            zh=f"“{rule.zh}”还缺少：{'、'.join(_ZH_NEEDS[n] for n in rule.needs)}。",
            step=rule.name,
            needs=list(rule.needs),
        )
    if isinstance(found, NotOnTheList):
        values = {"case": case_id, "grid": grid_code}
        row = session.execute(text(_DEMANDED), values).one()
        found.facts |= row._asdict()
    return found or error


_ZH_NEEDS = {
    "reason": "原因", "note": "说明", "owner": "承办人或单位", "level": "更高的层级",
    "into": "并入的在办案件", "rating": "评分", "flow": "另一个流程", "photo": "照片",
    "photo_if_asked": "处置后照片（如该事项要求）",
}  # fmt: skip
_DEMANDED = """
SELECT m.code AS matter, c.township_id AS township, (
    SELECT a.code FROM plan_in_force p JOIN grid g ON g.plan_id = p.id
    JOIN area a ON a.id = g.community_id
    WHERE p.township_id = c.township_id AND g.code = :grid) AS community
FROM event_case c JOIN event e ON e.id = c.event_id JOIN matter m ON m.id = e.matter_id
WHERE c.id = :case
"""
