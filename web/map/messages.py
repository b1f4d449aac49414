"""The words that the page's script writes, in the request's language."""

from __future__ import annotations

from flask_babel import gettext


def words() -> dict[str, str]:
    return {
        "grid": gettext("Grid"),
        "grids": gettext("Grids"),
        "uncovered": gettext("Uncovered houses"),
        "code": gettext("Code"),
        "kind": gettext("Kind"),
        "basic": gettext("Basic grid"),
        "exclusive": gettext("Exclusive grid"),
        "community": gettext("Community"),
        "host": gettext("Host body"),
        "leader": gettext("Grid leader"),
        "nobody": gettext("none appointed"),
        "houses": gettext("Houses"),
        "households": gettext("Households"),
        "residents": gettext("Residents"),
        "events": gettext("Events"),
        "open_events": gettext("Open events"),
        "house": gettext("House"),
        "spot": gettext("Spot"),
        "event": gettext("Event"),
        "reported": gettext("Reported"),
        "due": gettext("Due"),
        "closed": gettext("Closed"),
        "still_open": gettext("still open"),
        "no_grid": gettext("in no grid"),
        "near_border": gettext("{m} m from the border"),
        "several": gettext("{n} at this spot"),
        "nothing_found": gettext("Nothing found"),
        "failed": gettext("Part of the map could not be loaded; try again in a moment."),
        "no_count": gettext("No data"),
        "hidden": gettext("not public"),
        "register": gettext("To the register"),
        "close": gettext("Close"),
        "retired": gettext("no longer in force"),
        "since": gettext("Since"),
        "in_force_from": gettext("In force from"),
        "taken_over": gettext("Taken over by (share of its residents):"),
    }
