"""The words that the editor's scripts write, in the request's language."""

from __future__ import annotations

from flask_babel import gettext

from web.map.messages import words as shared


def measures() -> dict[str, str]:
    """What the size of a grid may be counted in."""
    return {
        "residents": gettext("residents"),
        "households": gettext("households"),
        "houses": gettext("houses"),
    }


def levels() -> dict[str, str]:
    """What grids may be made even in."""
    return {"work": gettext("work")} | measures()


def words() -> dict[str, str]:
    return shared() | {
        "not_sent": gettext("There is no connection. Nothing was changed; try again in a moment."),
        "minutes": gettext("Minutes a month"),
        "deviation": gettext("From the mean"),
        "compactness": gettext("Compactness"),
        "pieces": gettext("Pieces"),
        "pick_grid": gettext("Choose a grid on the map first."),
        "pick_border": gettext("Click a border between two grids and drag its corners."),
        "hint_give": gettext("Draw a line around the houses that {grid} is to get."),
        "hint_house": gettext("Click the houses that {grid} is to get."),
        "hint_split": gettext("Draw a line across {grid}, from border to border."),
        "hint_merge": gettext("Click the neighbour whose ground {grid} is to get."),
        "hint_draw": gettext("Draw the new grid; its ground is cut out of its neighbours."),
        "hint_lock": gettext("Click a house to lock it in its grid, or to unlock it."),
        "zoom_in": gettext("Several houses stand here; zoom in to choose one."),
        "outer_border": gettext("This border is that of a community or the township; it stays."),
        "locked_border": gettext("This border is locked."),
        "lock": gettext("Lock"),
        "unlock": gettext("Unlock"),
        "locked": gettext("locked"),
        "lock_border": gettext("Lock this border"),
        "unlock_border": gettext("Unlock this border"),
        "undone": gettext("undone"),
        "dropped": gettext("dropped"),
        "remove": gettext("Remove this grid"),
        "none_moves": gettext("No house changes its grid."),
        "flow": gettext(
            "{from} → {to}: {houses} houses, {households} households, {residents} residents"
        ),
        "more": gettext("… and {n} more"),
        "nothing": gettext("No edits yet."),
        "proposal": gettext(
            "{houses} houses with {n} residents move, largest deviation {x} ({what}, counted under the new "
            "plan); at most {y} over the least change possible."
        ),
        "drawn": gettext(
            "{n} grids drawn anew, largest deviation {x} ({what}, counted under the new plan)."
        ),
        "take_all": gettext("Take over all"),
        "look": gettext("Show on the map"),
        "take_chosen": gettext("Take over the chosen"),
        "cancel": gettext("Cancel"),
        "no_moves": gettext("The scenario is balanced already."),
        "job_failed": gettext("No proposal: {why}"),
        "job_cancelled": gettext("Cancelled."),
        "passes": gettext("passes"),
        "fails": gettext("fails"),
        "incomplete": gettext("incomplete"),
        "blocks": gettext("keeps the plan from being published"),
        "in_places": gettext("{n} places"),
        "submit": gettext("Submit for review"),
        "approve": gettext("Approve"),
        "return": gettext("Return with reason"),
        "notify": gettext("Departments are notified"),
        "publish": gettext("Publish"),
        "withdraw": gettext("Withdraw with reason"),
        "approve_title": gettext("Approve plan “{name}”?"),
        "approve_then": gettext(
            "It goes back to the township, which notifies the departments and publishes it. What you approved stands in its log for good."
        ),
        "return_title": gettext("Return plan “{name}”?"),
        "return_then": gettext(
            "Whoever draws it reads the reason, changes it and submits it anew; an approval that it had is gone."
        ),
        "publish_title": gettext("Publish plan “{name}”?"),
        "publish_from": gettext(
            "From {day} on everybody's grid, leader and telephone are those of “{name}”."
        ),
        "publish_ends": gettext("“{base}” is in force until the day before."),
        "publish_first": gettext("It is the first plan of the township."),
        "publish_kept": gettext(
            "Teams get their hand-over sheets; the plan cannot be edited any more."
        ),
        "publish_withdraw": gettext("Until that day it can be withdrawn."),
        "publish_at_once": gettext("It is in force at once and cannot be withdrawn."),
        "not_yet": gettext("Not yet"),
        "no_border": gettext("The grids overlap; borders cannot be dragged before that is mended."),
        "saved": gettext("Saved."),
        "read_at": gettext("Houses and people as of {time}."),
    }
