"""What the database says when it refuses a step, in words; see ``take_case_step`` in the migration."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from gisgrid.errors import Conflict, GisgridError, Invalid, NotAllowed


class CaseMoved(Conflict):
    """Somebody else has taken a step on the case meanwhile."""


class IllegalStep(Conflict):
    """The flow knows no such step from where the case stands."""


class Incomplete(Invalid):
    """The step lacks what its flow requires."""


class NotOnTheList(Conflict):
    """The matter may not be sent to a grid on that day."""


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
