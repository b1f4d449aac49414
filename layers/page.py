"""Layers -> one Folium page. The one place that writes (latitude, longitude) and escapes text.

Folium gives the map and its parts; what they do stands in ``web/static/js``, so that the inline
script stays a few lines that a Content-Security-Policy nonce can cover. Nothing is loaded from
another host: Folium's own lists of scripts and styles are replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import folium
from branca.element import Figure, MacroElement
from folium.template import Template
from markupsafe import Markup, escape

from layers.areas import Extent
from layers.layer import Layer

SCRIPTS = (
    "vendor/leaflet/leaflet.js",
    "vendor/pbf/pbf.js",
    "js/ask.js",
    "js/tiles.js",
    "js/grids.js",
    "js/patterns.js",
    "js/planner.js",
    "js/map.js",
)
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
    """Goes into one ``<script>`` after the body."""


def page(
    layers: Iterable[Layer],
    extent: Extent,
    *,
    assets: Mapping[str, str],
    ui: Mapping[str, object],
    basemap: Basemap | None = None,
    scripts: Sequence[str] = SCRIPTS,
    styles: Sequence[str] = STYLES,
    verb: str = "start",
) -> MapPage:
    """A map of layers, the first lowest, that shows all of ``extent``.

    Parameters
    ----------
    assets
        Address of each of ``scripts`` and ``styles``.
    ui
        What the page's script needs beside the layers: words, addresses; JSON-able.
    scripts, styles, verb
        What the page loads, and the function of ours that begins it.
    """
    town = TownMap(assets, extent, scripts, styles)
    if basemap:
        folium.TileLayer(
            tiles=basemap.url, attr=str(escape(basemap.credit)) or "\N{NO-BREAK SPACE}", max_zoom=20
        ).add_to(town)
    for layer in layers:
        town.add_child(LayerElement(layer))
    town.add_child(Start(ui, verb))
    figure = town.figure
    # Rendering fills the figure's three parts; its own template is not used.
    figure.render()
    return MapPage(
        head=Markup(figure.header.render()),  # noqa: S704 - our template; values pass tojson
        body=Markup(figure.html.render()),  # noqa: S704
        script=Markup(figure.script.render()),  # noqa: S704
    )


class TownMap(folium.Map):
    """Folium's map without its meta tags, its inline styles and its four hosts."""

    _template = Template(
        """
        {% macro html(this, kwargs) %}
        <div id="{{ this.get_name() }}" class="map"></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
        var {{ this.get_name() }} = gisgrid.map(
            {{ this.get_name()|tojson }}, {{ this.options|tojson }}, {{ this.extent|tojson }});
        {% endmacro %}
        """
    )

    def __init__(
        self,
        assets: Mapping[str, str],
        extent: Extent,
        scripts: Sequence[str] = SCRIPTS,
        styles: Sequence[str] = STYLES,
        name: str = "town",
    ) -> None:
        super().__init__(
            tiles=None,
            zoomControl=False,
            attributionControl=False,
            maxZoom=20,
            minZoom=8,
            zoomSnap=0.25,
        )
        # Folium names its elements by chance; a fixed name makes two renderings equal.
        self._name, self._id = "map", name
        self.extent = [[extent.south, extent.west], [extent.north, extent.east]]
        self.default_js = [(name, assets[name]) for name in scripts]
        self.default_css = [(name, assets[name]) for name in styles]
        figure = self.get_root()
        assert isinstance(figure, Figure)  # noqa: S101 - narrows the type
        # Folium's figure asks for UTF-8 in a meta tag; the template's own does.
        figure.header._children.clear()
        self.figure = figure


class LayerElement(MacroElement):
    """One layer of ours on a Folium map."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        gisgrid.layer({{ this._parent.get_name() }}, {{ this.layer|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, layer: Layer) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name, self._id = "layer", layer.name
        self.layer = asdict(layer)


class Start(MacroElement):
    """The last line of the script: everything is there, begin."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        gisgrid.{{ this.verb }}({{ this._parent.get_name() }}, {{ this.ui|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, ui: Mapping[str, object], verb: str = "start") -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name, self._id = "start", "page"
        self.ui, self.verb = dict(ui), verb
