"""Vector tiles made by PostGIS: many points, few bytes, nothing about a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import TextualSelect, text
from sqlalchemy.orm import Session

from gisgrid.core.errors import NotFound

DEEPEST = 17
"""Deepest level of tiles, shown at zoom 18; the page enlarges them beyond it."""
SINGLE_FROM = 15
"""From this level on each point is drawn; below, points are summed in squares of the screen."""
MOST_SINGLE = 2000
"""A tile with more points than this is summed even then: it would be heavy, and a blot."""


@dataclass(frozen=True)
class Tile:
    """A tile of the usual web map pyramid; NotFound if there is no such tile."""

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        if not (0 <= self.z <= DEEPEST and 0 <= self.x < 2**self.z and 0 <= self.y < 2**self.z):
            raise NotFound(
                "There is no tile {z}/{x}/{y}; zoom goes from 0 to {deepest}.",
                z=self.z,
                x=self.x,
                y=self.y,
                deepest=DEEPEST,
            )


def data_version(session: Session, plan_id: int) -> str:
    """Fingerprint of all that the layers of a plan show: same fingerprint, same tiles.

    Rows come with a number, changes of areas, houses and events leave a row in ``history``, and
    those of grids and streets (which keep none) show in the number of the writing transaction. The
    transactions at work are part of it: theirs may be lower numbers that come to light later.
    """
    return str(session.scalar(text("SELECT data_version(:plan)"), {"plan": plan_id}))


def points(
    session: Session,
    plan_id: int,
    tile: Tile,
    *,
    name: str,
    source: TextualSelect,
    squares: int,
    day: date | None = None,
) -> bytes:
    """A tile of points: feature id and nothing else, or ``n`` for the sum of several.

    Parameters
    ----------
    source
        ``id`` and ``geom`` of all that the layer has; it may ask for ``:plan`` and ``:day``.
    squares
        Sums are made in squares x squares parts of a tile (512 pixels); 16 leave room for a number in each.

    Notes
    -----
    A point on the tile's edge stands in both tiles, with a margin as wide as one square of the sums,
    so that a symbol on the edge is drawn whole. Squares are the same from tile to tile.
    """
    return _bytes(
        session,
        _POINTS.add_cte(source.cte("o")),
        {
            "plan": plan_id,
            "day": day,
            "name": name,
            "tiles": 2**tile.z,
            "squares": squares,
            "x": tile.x,
            "y": tile.y,
            "margin": 1 / squares,
            "z": tile.z,
            "single": MOST_SINGLE if tile.z >= SINGLE_FROM else 0,
        },
    )


def lines(session: Session, plan_id: int, tile: Tile, *, name: str, source: TextualSelect) -> bytes:
    """A tile of lines with their names; ``source`` gives ``code``, ``name`` and ``geom``."""
    return _bytes(
        session,
        _LINES.add_cte(source.cte("o")),
        {"plan": plan_id, "name": name, "z": tile.z, "x": tile.x, "y": tile.y},
    )


def _bytes(session: Session, statement: TextualSelect, values: dict[str, object]) -> bytes:
    return bytes(session.scalar(statement, values) or b"")


# The box of the tile is turned into degrees, not the points into metres, so that the index is used.
# u and v count tiles from the north-west corner of the world (spherical Mercator, EPSG:3857 scaled).
# Points on one spot (flats of one house) are one symbol even where each is drawn.
# How it is done is asked for as a value, which is found once; joined, it would be found once a row.
_POINTS = text("""
SELECT tile FROM (
WITH box AS (
    SELECT ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => :margin), 4326) AS geom
), p AS MATERIALIZED (
    SELECT o.id, (ST_X(o.geom) + 180) / 360 * :tiles AS u,
           (0.5 - ln(tan(radians(45 + ST_Y(o.geom) / 2))) / (2 * pi())) * :tiles AS v
    FROM o WHERE o.geom && (SELECT geom FROM box)
), how AS MATERIALIZED (
    SELECT count(*) <= :single AS single FROM p
), symbol AS (
    SELECT min(p.id) AS id, count(*)::int AS n, avg(u) AS u, avg(v) AS v FROM p
    GROUP BY CASE WHEN (SELECT single FROM how) THEN u ELSE floor(u * :squares) END,
             CASE WHEN (SELECT single FROM how) THEN v ELSE floor(v * :squares) END
)
SELECT ST_AsMVT(t, :name, 4096, 'geom', 'id') AS tile FROM (
    SELECT CASE WHEN n = 1 THEN id END AS id, nullif(n, 1) AS n,
           ST_MakePoint(round((u - :x) * 4096), round((v - :y) * 4096)) AS geom
    FROM symbol ORDER BY v, u
) AS t
) AS made
""").columns()

_LINES = text("""
SELECT ST_AsMVT(t, :name, 4096, 'geom') FROM (
    SELECT o.name, ST_AsMVTGeom(ST_Transform(o.geom, 3857), ST_TileEnvelope(:z, :x, :y),
                                4096, 128) AS geom
    FROM o WHERE o.geom && ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => 0.04), 4326)
    ORDER BY o.code
) AS t WHERE geom IS NOT NULL
""").columns()
