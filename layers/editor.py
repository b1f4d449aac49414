"""A scenario's map as a picture for print."""

from __future__ import annotations

from collections.abc import Sequence

import shapely
from markupsafe import Markup, escape

from layers.colours import CHOSEN, EDGE


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
        edge = f'stroke="{CHOSEN}" stroke-width="2.5"' if marked[k] else f'stroke="{EDGE}"'
        parts.append(f'<path d="{path}" fill="{fills[k]}" fill-rule="evenodd" {edge}/>')
    for k in order:
        spot = shapes[k].representative_point()
        x, y = place(spot.x, spot.y).split(",")
        parts.append(f'<text x="{x}" y="{y}">{escape(labels[k])}</text>')
    return Markup(  # noqa: S704 - numbers, our colours, escaped labels
        f'<svg class="picture" viewBox="0 0 {width} {height}" aria-hidden="true">{"".join(parts)}</svg>'
    )
