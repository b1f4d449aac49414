"""The grids of a plan on a map, coloured by a share; the share stands on each as a number, too."""

from __future__ import annotations

from collections.abc import Iterable

from flask import current_app, request
from flask_babel import gettext
from sqlalchemy.orm import Session

from gisgrid.core.settings import Settings
from layers import areas
from layers import cases as map_styles
from layers import completeness as layer
from layers import page as pages
from layers.layer import LayerScope
from layers.tiles import data_version
from web.collection import words
from web.http.language import language
from web.http.modules import module
from web.http.responses import asset


def grid_map(
    session: Session, plan_id: int, shares: Iterable[tuple[str | None, float | None, str | None]]
) -> pages.MapPage:
    """The map of a plan.

    Parameters
    ----------
    shares
        Code of a grid (None: what lies in none, which is left out), its share in per cent, and where a click leads.
    """
    scope = LayerScope(plan_id, data_version(session, plan_id), request.script_root)
    settings: Settings = current_app.config["SETTINGS"]
    return pages.page(
        [layer.layer(scope, gettext), areas.layer(scope, gettext)],
        areas.extent(session, plan_id),
        assets={name: asset(name) for name in pages.SCRIPTS + map_styles.STYLES},
        town=module("town.js"),
        entry=module("completeness.js"),
        ui={
            "english": language() == "en",
            "shares": {
                code: {
                    "colour": layer.percent_colour(percent),
                    "words": words.per_cent(percent),
                    "url": url,
                }
                for code, percent, url in shares
                if code is not None
            },
        },
        basemap=pages.Basemap(settings.basemap_url, settings.basemap_credit)
        if settings.basemap_url
        else None,
        styles=map_styles.STYLES,
    )
