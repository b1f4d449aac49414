"""What the board says, in the reader's language."""

from __future__ import annotations

from flask_babel import gettext

from gisgrid.core.messages import say

STATE_WORDS = {
    "open": say("All open"),
    "report": say("To be filed"),
    "file": say("To be sent"),
    "assign": say("Sent"),
    "handle": say("Being handled"),
    "check": say("To be checked"),
    "hold": say("Suspended"),
    "closed": say("Closed"),
    "all": say("Open and closed"),
}


def words() -> dict[str, str]:
    return {
        "total": gettext("{n} cases"),
        "open": gettext("{n} open"),
        "urgent": gettext("{n} urgent"),
        "late": gettext("{n} late"),
        "soon": gettext("{n} due soon"),
        "unlocated": gettext("{n} without a place"),
        "due": gettext("due {time}"),
        "no_due": gettext("no running limit"),
        "closed": gettext("closed {time}"),
        "no_grid": gettext("in no grid"),
        "none": gettext("No case is as asked for."),
        "failed": gettext("The board could not be loaded; it tries again in a moment."),
        "not_sent": gettext("There is no connection. Nothing was changed; try again in a moment."),
        "live": gettext("live"),
        "waiting": gettext("connecting …"),
        "new": gettext("New: {what}"),
        "chosen": gettext("{n} chosen"),
        "done": gettext("{n} done, {m} refused"),
        "more": gettext("Show more"),
        "select": gettext("Choose this case"),
        "star": gettext("Put on the shortlist"),
        "days": gettext("{a} to {b}"),
        "year": gettext("any time"),
        "emergency": gettext("Emergency"),
    }
