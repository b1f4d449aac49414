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
    "work": say("Sent or being handled"),
    "check": say("To be checked"),
    "hold": say("Suspended"),
    "closed": say("Closed"),
    "all": say("Open and closed"),
}


BULK_WORDS = {
    "dispatch": say("Send out"),
    "file": say("File"),
    "transfer": say("Transfer to others"),
    "close": say("Check and close"),
    "merge": say("Join with another case"),
}
"""Steps that many cases take at once, by their name in a flow."""

TAB_WORDS = {
    "open": say("All open"),
    "report": say("To be filed"),
    "file": say("To be sent"),
    "work": say("At work"),
    "check": say("To be checked"),
    "hold": say("Suspended"),
    "late": say("Late"),
    "soon": say("Due soon"),
    "mine": say("Mine"),
    "nowhere": say("In no grid"),
}


ORDER_WORDS = {
    "due": say("By limit"),
    "reported": say("By day of report"),
    "matter": say("By matter"),
    "state": say("By state"),
    "community": say("By community"),
    "grid": say("By grid"),
    "owner": say("By who has it"),
    "source": say("By source"),
    "code": say("By code"),
    "told_again": say("By how often it was reported"),
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
        "since": gettext("reported {time}"),
        "nobody": gettext("nobody has it yet"),
        "returned": gettext("Given back: {reason}"),
        "told_again": gettext("reported {n} more times"),
        "gone": gettext("no longer in this list"),
        "bar": gettext("{n} new or changed cases: show them"),
        "no_grid": gettext("in no grid"),
        "none": gettext("No case is as asked for."),
        "failed": gettext("The board could not be loaded; it tries again in a moment."),
        "not_sent": gettext("There is no connection. Nothing was changed; try again in a moment."),
        "live": gettext("live"),
        "waiting": gettext("connecting …"),
        "chosen": gettext("{n} chosen"),
        "choose_all": gettext("Choose all {n}"),
        "choose_first": gettext("Choose the first {n} of {m}"),
        "done": gettext("{n} done, {m} refused"),
        "more": gettext("Show more"),
        "busy": gettext("At work on {n} cases …"),
        "cut": gettext("The first {n} of {m} cases; the file has all of them."),
        "kept": gettext(
            "This browser still keeps a shortlist of {n} cases of whoever used it before."
        ),
        "select": gettext("Choose this case"),
        "star": gettext("Put on the shortlist"),
        "days": gettext("{a} to {b}"),
        "year": gettext("any time"),
        "emergency": gettext("Emergency"),
    }
