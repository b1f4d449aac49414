"""What measures and units are called, in the reader's language."""

from __future__ import annotations

from flask_babel import gettext


def measure_words() -> dict[str, str]:
    return {
        "received": gettext("Received"),
        "assigned": gettext("Assigned"),
        "closed_in_time": gettext("Closed in time"),
        "closed_late": gettext("Closed late"),
        "closed_no_limit": gettext("Closed, no limit"),
        "dropped": gettext("Not filed, withdrawn, merged"),
        "open": gettext("Open in time"),
        "open_late": gettext("Open and late"),
        "returned": gettext("Returned"),
        "reopened": gettext("Reopened"),
        "rated": gettext("Rated"),
        "satisfied": gettext("Satisfied"),
        "right_first": gettext("Right at first"),
        "closed_assigned": gettext("Closed after being assigned"),
    }


def unit_words() -> dict[str, str]:
    return {
        "community": gettext("Community"),
        "grid": gettext("Grid"),
        "office": gettext("Responsible office"),
        "matter": gettext("Matter"),
        "major": gettext("Group of matters"),
        "source": gettext("Source"),
    }


def kind_words() -> dict[str, str]:
    """Of the numbers of a burden."""
    return {
        "sent": gettext("Sent to its grids"),
        "temporary": gettext("of these, temporary items"),
        "refused": gettext("Refused, not on the list"),
    }


def count_words() -> dict[str, str]:
    """What is counted of the register, by `gisgrid.register.standing.COUNTS`."""
    return {
        "houses": gettext("Houses"),
        "lived_in": gettext("Lived in"),
        "households": gettext("Households"),
        "residents": gettext("Residents"),
        "verified": gettext("Households verified"),
        "visits": gettext("Visits"),
        "overdue": gettext("Overdue houses"),
        "under_18": gettext("Under 18"),
        "under_60": gettext("18 to 59"),
        "under_80": gettext("60 to 79"),
        "from_80": gettext("80 and older"),
        "age_unknown": gettext("Age not recorded"),
        "alone": gettext("Living alone"),
    }


def standing_units() -> dict[str, str]:
    """By what the register is counted."""
    return {"grid": gettext("Grid"), "community": gettext("Community")}
