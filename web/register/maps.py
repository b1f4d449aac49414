"""What the script of a small map of a grid is given."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask_babel import gettext

from gisgrid.register import grid_map


def map_of(found: grid_map.GridMap, houses: list[dict[str, Any]]) -> dict[str, Any]:
    """What the script of a small map is given: the shapes, and houses with their places."""
    shapes = asdict(found)
    del shapes["places"]
    placed = [
        each | {"lon": found.places[each["id"]][0], "lat": found.places[each["id"]][1]}
        for each in houses
        if each["id"] in found.places
    ]
    return {
        **shapes,
        "houses": placed,
        "words": {
            "position": gettext("Looking for your position…"),
            "no_position": gettext("Your position cannot be found. Touch the map instead."),
            "here": gettext("Your position, to about {m} m. Touch the map to mend it."),
            "touched": gettext("The spot that you touched."),
            "walk": gettext("Round from where I stand"),
            "no_walk": gettext("End the round"),
            "walk_long": gettext(
                "{n} houses, about {m} m on foot in a straight line from one to the next"
            ),
            "no_place": gettext("This house has no place on the map."),
        },
    }
