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
        "per_post": gettext("Minutes a worker"),
        "part_households": gettext("households"),
        "part_residents": gettext("residents"),
        "part_needs": gettext("people with needs"),
        "part_events": gettext("events"),
        "part_visits": gettext("visits"),
        "part_walking": gettext("ways on foot"),
        "work_part": gettext("Work for"),
        "mean": gettext("Mean of the community"),
        "heavier": gettext("{n} minutes above the mean, most by {part} ({m})."),
        "lighter": gettext("{n} minutes below the mean, most by {part} ({m})."),
        "present": gettext("Posts present: {n}; minutes for each: {m}."),
        "borders": gettext("Borders"),
        "fixed": gettext("fixed"),
        "outside_town": gettext("outside the township"),
        "layer_houses": gettext("Houses"),
        "layer_streets": gettext("Roads and lanes"),
        "layer_communities": gettext("Communities"),
        "layer_posts": gettext("Posts and stations"),
        "layer_in_no_grid": gettext("Houses in no grid"),
        "layer_a_proposal": gettext("Proposal"),
        "layer_base_map": gettext("Base map"),
        "keys": gettext("Keys"),
        "keys_on": gettext("Single letters are shortcuts"),
        "hint_keys": gettext(
            "By keyboard: arrows move a corner by 1 m, with Shift by 10 m; Enter keeps it."
        ),
        "unlocked": gettext("not locked"),
        "nobody_present": gettext("nobody present"),
        "workload_from_mean": gettext("Workload, from the mean of the community"),
        "grids_shown": gettext("{n} of {all} grids"),
        "in_no_grid": gettext("in no grid"),
        "whole_town": gettext("Whole township"),
        "largest_deviation": gettext("Largest deviation"),
        "gini": gettext("Gini of minutes a worker"),
        "outside": gettext("Grids outside ±{x}"),
        "residents_moved": gettext("Residents moved"),
        "gaps": gettext("Residents in no grid"),
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
            "{from} → {to}: houses {houses}, households {households}, residents {residents}"
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
        "take": gettext("Take over"),
        "take_back": gettext("Take back"),
        "take_back_then": gettext(
            "The houses go back, and the ground with them; where a border was drawn on since, it is led anew about the houses and may differ from before."
        ),
        "put_aside": gettext("Hide the proposal"),
        "show_again": gettext("Show the proposal again"),
        "unmarked": gettext(
            "The {n} houses are not marked one by one, which is done for up to {m}; the ground is."
        ),
        "uncovered_drawn": gettext("Drawn: {n} of the {all} houses in no grid."),
        "chosen": gettext("Chosen: {name}"),
        "beside_plan": gettext("Before the arrow: “{base}”, from which this scenario was drawn."),
        "unserved": gettext("without {n} grids where nobody is present (minutes: {m})"),
        "better": gettext("better than before"),
        "worse": gettext("worse than before"),
        "take_community": gettext("Take over all of {name}"),
        "cancel": gettext("Cancel"),
        "no_moves": gettext("The scenario is balanced already."),
        "job_failed": gettext("No proposal: {why}"),
        "job_cancelled": gettext("Cancelled."),
        "passes": gettext("passes"),
        "fails": gettext("fails"),
        "incomplete": gettext("incomplete"),
        "blocks": gettext("keeps the plan from being published"),
        "in_places": gettext("{n} places"),
        "finding_houses": gettext("houses: {n}"),
        "houses_marked": gettext("Marked: {n} of its houses, of {all} in all."),
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


def keys() -> list[tuple[str, str]]:
    """Keys of the editor and what they do."""
    return [
        ("?", gettext("shows these keys")),
        ("1 … 7", gettext("takes up a tool")),
        ("G", gettext("goes to the table of grids; arrows choose a row, Enter a grid")),
        (
            "B",
            gettext("goes to the borders of the chosen grid; Tab chooses one, Enter takes it up"),
        ),
        ("← ↑ → ↓", gettext("move the corner by 1 m, with Shift by 10 m")),
        ("N, P; PgDn, PgUp", gettext("next and previous corner")),
        ("I, Insert; Delete", gettext("adds a corner, takes one away")),
        ("Enter", gettext("keeps the border")),
        ("Esc", gettext("leaves it as it was")),
        ("Ctrl+Z, Ctrl+Shift+Z", gettext("undoes the last edit, does it again")),
        ("H", gettext("shows the whole township")),
        ("T, D", gettext("folds the tools, the table")),
        ("/", gettext("goes to the filter")),
    ]
