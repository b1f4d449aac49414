"""Layers -> one Folium page. The one place that writes (latitude, longitude) and escapes text.

Folium gives the map and its parts; what they do stands in modules of ours, so that the inline
script stays a few lines that a Content-Security-Policy nonce can cover. Nothing is loaded from
another host: Folium's own lists of scripts and styles are replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from gisgrid.core.heavy import Heavy
from layers.areas import Extent
from layers.layer import Layer

if TYPE_CHECKING:
    from layers import elements
else:
    elements = Heavy("layers.elements")

SCRIPTS = ("vendor/leaflet/leaflet.js", "vendor/pbf/pbf.js")
"""Libraries that all maps need; they are no modules."""
STYLES = ("vendor/leaflet/leaflet.css", "css/app.css", "css/map.css")


@dataclass(frozen=True)
class Basemap:
    """Pictures under the layers, from an address that an administrator set."""

    url: str
    credit: str


@dataclass(frozen=True)
class MapPage:
    """The parts of a page, to be put into a template."""

    head: Markup
    body: Markup
    script: Markup
    """Goes into one ``<script type="module">``."""


def page(
    layers: Iterable[Layer],
    extent: Extent,
    *,
    assets: Mapping[str, str],
    town: str,
    entry: str,
    ui: Mapping[str, object],
    basemap: Basemap | None = None,
    scripts: Sequence[str] = SCRIPTS,
    styles: Sequence[str] = STYLES,
) -> MapPage:
    """A map of layers, the first lowest, that shows all of ``extent``.

    Parameters
    ----------
    assets
        Address of each of ``scripts`` and ``styles``.
    town, entry
        Addresses of two modules: the one that makes a map and its layers, and the page's own, whose
        ``start`` is called once they are made.
    ui
        What the page's script needs beside the layers: words, addresses; JSON-able.
    scripts, styles
        Libraries that the page loads, and its styles.
    """
    made = elements.TownMap(assets, extent, scripts, styles, town=town, entry=entry)
    if basemap:
        elements.TileLayer(
            tiles=basemap.url, attr=str(escape(basemap.credit)) or "\N{NO-BREAK SPACE}", max_zoom=20
        ).add_to(made)
    for layer in layers:
        made.add_child(elements.LayerElement(layer))
    made.add_child(elements.Start(ui))
    figure = made.figure
    # Rendering fills the figure's three parts; its own template is not used.
    figure.render()
    return MapPage(
        head=Markup(figure.header.render()),  # noqa: S704 - our template; values pass tojson
        body=Markup(figure.html.render()),  # noqa: S704
        script=Markup(figure.script.render()),  # noqa: S704
    )
