"""The planner's page: what it loads, and a scenario's map as a picture for print."""

from __future__ import annotations

from collections.abc import Sequence

import shapely
from markupsafe import Markup, escape

from layers.page import STYLES

BENCH_SCRIPTS = (
    "vendor/leaflet/leaflet.js",
    "vendor/geoman/leaflet-geoman.min.js",
    "vendor/pbf/pbf.js",
    "js/ask.js",
    "js/tiles.js",
    "js/grids.js",
    "js/map.js",
    "js/bench-view.js",
    "js/bench-tools.js",
    "js/bench-panel.js",
    "js/bench.js",
)
COMPARE_SCRIPTS = (
    "vendor/leaflet/leaflet.js",
    "js/ask.js",
    "js/bench-view.js",
    "js/bench-compare.js",
)
BENCH_STYLES = (*STYLES, "vendor/geoman/leaflet-geoman.css", "css/bench.css")

# ColorBrewer's PuOr: too little work … as much as the mean … too much.
BELOW_TO_ABOVE = ("#542788", "#998ec3", "#d8daeb", "#f7f7f7", "#fee0b6", "#f1a340", "#b35806")
STEPS = (-0.25, -0.1, -0.03, 0.03, 0.1, 0.25)


def deviation_colour(deviation: float | None) -> str:
    """The colour of a deviation from the mean; grey for none.

    >>> deviation_colour(0.0), deviation_colour(0.3), deviation_colour(None)
    ('#f7f7f7', '#b35806', '#e6e8eb')
    """
    if deviation is None:
        return "#e6e8eb"
    return BELOW_TO_ABOVE[sum(deviation > step for step in STEPS)]


def picture(
    shapes: Sequence[shapely.Geometry],
    fills: Sequence[str],
    labels: Sequence[str],
    *,
    marked: Sequence[bool],
    width: int = 640,
) -> Markup:
    """A map of polygons in metres as one SVG element; marked ones have a thick border."""
    west, south, east, north = shapely.total_bounds(shapes)
    scale = width / max(east - west, 1.0)
    height = round((north - south) * scale)

    def place(x: float, y: float) -> str:
        return f"{(x - west) * scale:.1f},{(north - y) * scale:.1f}"

    parts = []
    order = sorted(range(len(shapes)), key=lambda k: marked[k])
    for k in order:
        rings = shapely.get_rings(shapely.get_parts(shapes[k]))
        path = " ".join(
            "M" + " L".join(place(x, y) for x, y in shapely.get_coordinates(ring).tolist()) + "Z"
            for ring in rings
        )
        edge = 'stroke="#12355b" stroke-width="2.5"' if marked[k] else 'stroke="#8a94a3"'
        parts.append(f'<path d="{path}" fill="{fills[k]}" fill-rule="evenodd" {edge}/>')
    for k in order:
        spot = shapes[k].representative_point()
        x, y = place(spot.x, spot.y).split(",")
        parts.append(f'<text x="{x}" y="{y}">{escape(labels[k])}</text>')
    return Markup(  # noqa: S704 - numbers, our colours, escaped labels
        f'<svg class="picture" viewBox="0 0 {width} {height}" role="img">{"".join(parts)}</svg>'
    )


def legend() -> list[tuple[str, str]]:
    """Colours of the deviation, from least to most, and what they stand for."""
    names = ("< −25 %", "−25 … −10 %", "−10 … −3 %", "± 3 %", "3 … 10 %", "10 … 25 %", "> 25 %")
    return list(zip(BELOW_TO_ABOVE, names, strict=True))
