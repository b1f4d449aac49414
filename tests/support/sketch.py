"""Geometry drawn as text: each letter is a cell of a town, a dot is nothing."""

from __future__ import annotations

import shapely
from shapely.geometry.base import BaseGeometry

WEST, SOUTH = 120.9, 40.7


def sketch(
    drawing: str, *, step_m: float | None = None, step: float = 0.001
) -> dict[str, BaseGeometry]:
    """Polygons by letter; the lower left cell begins at the origin.

    With ``step_m`` the numbers are metres from (0, 0); otherwise degrees from (120.9 E, 40.7 N).
    """
    rows = [line.split() for line in drawing.strip().splitlines() if line.strip()]
    size, x0, y0 = (step_m, 0.0, 0.0) if step_m else (step, WEST, SOUTH)
    cells: dict[str, list[BaseGeometry]] = {}
    for r, row in enumerate(reversed(rows)):
        for c, name in enumerate(row):
            if name != ".":
                # Both corners by the same formula, so that neighbours share vertices exactly.
                box = shapely.box(
                    x0 + c * size, y0 + r * size, x0 + (c + 1) * size, y0 + (r + 1) * size
                )
                cells.setdefault(name, []).append(box)
    return {name: shapely.union_all(boxes).normalize() for name, boxes in sorted(cells.items())}


def spot(column: float, row: float, *, step: float = 0.001) -> tuple[float, float]:
    """Longitude and latitude at a place of a drawing, counted in cells from the lower left."""
    return WEST + column * step, SOUTH + row * step
