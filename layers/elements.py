"""The parts of a map page as Folium has them: the map, a layer, the last line of the script.

Loaded when the first map is asked for, since Folium is (`gisgrid.core.heavy`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import folium
from branca.element import Figure, MacroElement
from folium import TileLayer
from folium.template import Template

from layers.areas import Extent
from layers.layer import Layer

__all__ = ["LayerElement", "Start", "TileLayer", "TownMap"]


class TownMap(folium.Map):
    """Folium's map without its meta tags, its inline styles and its four hosts."""

    _template = Template(
        """
        {% macro html(this, kwargs) %}
        <div id="{{ this.get_name() }}" class="map"></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
        import { layer, map } from {{ this.town|tojson }};
        import { start } from {{ this.entry|tojson }};
        const {{ this.get_name() }} = map(
            {{ this.get_name()|tojson }}, {{ this.options|tojson }}, {{ this.extent|tojson }});
        {% endmacro %}
        """
    )

    def __init__(
        self,
        assets: Mapping[str, str],
        extent: Extent,
        scripts: Sequence[str],
        styles: Sequence[str],
        *,
        town: str,
        entry: str,
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
        self.town, self.entry = town, entry
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
        layer({{ this._parent.get_name() }}, {{ this.layer|tojson }});
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
        start({{ this._parent.get_name() }}, {{ this.ui|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, ui: Mapping[str, object]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name, self._id = "start", "page"
        self.ui = dict(ui)
