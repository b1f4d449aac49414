"""Can the declared coordinate system be right, and what of the file's own does it put aside?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy import text

from gisgrid.core import crs
from gisgrid.core.errors import Invalid
from gisgrid.core.messages import say
from gisgrid.core.plans import TownshipInfo
from gisgrid.files.frames import GEOMETRY
from gisgrid.loading.datum_check import DatumVerdict, detect, metres, owners
from gisgrid.loading.prepare import PreparedLoad
from gisgrid.loading.stage import Stage, known_places

Floats = npt.NDArray[np.float64]


def compared(
    stage: Stage, place: TownshipInfo, declared: crs.DeclaredCrs, *, trust: bool
) -> DatumVerdict | None:
    """Compare the points with what is known of the township; None while nothing is.

    Raises
    ------
    Invalid
        The declared datum cannot be right, and nobody insists (``trust``).
    """
    sample = stage.sample()
    houses = known_places(stage.session, place.id)
    polygons = _grids(stage, place)
    if len(sample) == 0 or (len(houses) == 0 and len(polygons) == 0):
        return None
    verdict = detect(
        sample["source_x"].to_numpy(),
        sample["source_y"].to_numpy(),
        declared,
        known_lon=sample["lon"].to_numpy(),
        known_lat=sample["lat"].to_numpy(),
        houses=(houses[:, 0], houses[:, 1]) if len(houses) else None,
        grids=list(polygons) if len(polygons) else None,
    )
    if verdict.doubtful and not trust:
        raise Invalid(
            "{verdict} Declare {best}.",
            hint=say("Say --crs {best}, or insist with --trust-crs."),
            verdict=verdict.said,
            best=verdict.best,
            shift_m=verdict.shift_m,
            change_grid=verdict.change_grid,
        )
    return verdict


def declared_in_words(stage: Stage, job: PreparedLoad) -> str:
    """The coordinate system of a load, where that comes from, and what it changes against the file's own."""
    assert job.declared is not None  # noqa: S101 - narrows the type
    asked = job.order.mapping.crs
    told = f"{job.declared.name} ({'declared' if asked else 'said by the file'})"
    if job.declared.overrides is None:
        return told
    own = crs.parse(job.declared.overrides)
    told = f"{told}; the file itself says {own.name}"
    shift, changed, houses = _put_aside(stage, job, own)
    if not np.isfinite(shift):
        return f"{told}, by which its numbers are no places"
    told = f"{told}, {shift:,.1f} m away"
    return told if houses == 0 else f"{told}: {changed} of {houses} houses would have another grid"


def _put_aside(stage: Stage, job: PreparedLoad, own: crs.DeclaredCrs) -> tuple[float, int, int]:
    """Median metres between the two readings; houses whose grid differs, of so many.

    Of a file of points these are its rows under the plan in force; of a file of grids the known houses.
    """
    assert job.declared is not None  # noqa: S101 - narrows the type
    if job.target.placed:
        sample = stage.sample()
        x, y = (sample[c].to_numpy("float64") for c in ("source_x", "source_y"))
        here, there = crs.to_lonlat(x, y, job.declared), crs.to_lonlat(x, y, own)
        polygons = _grids(stage, job.place) if job.place else np.array([])
        if not len(polygons):
            return _median(metres(*here, *there)), 0, 0
        tree = shapely.STRtree(list(polygons))
        changed = int((owners(tree, *here) != owners(tree, *there)).sum())
        return _median(metres(*here, *there)), changed, len(x)
    first = next(job.table.chunks(100_000), None)
    shapes = None if first is None else first[GEOMETRY].to_numpy()
    if shapes is None or not len(shapes):
        return 0.0, 0, 0
    here_at, there_at = (
        shapely.get_coordinates(crs.geometries_to_lonlat(shapes, how))
        for how in (job.declared, own)
    )
    shift = _median(metres(here_at[:, 0], here_at[:, 1], there_at[:, 0], there_at[:, 1]))
    houses = known_places(stage.session, job.place.id) if job.place else np.empty((0, 2))
    if job.order.kind != "grids" or not len(houses) or not np.isfinite(there_at).all():
        return shift, 0, 0
    both = (
        owners(
            shapely.STRtree(shapely.make_valid(crs.geometries_to_lonlat(shapes, how))),
            houses[:, 0],
            houses[:, 1],
        )
        for how in (job.declared, own)
    )
    return shift, int((next(both) != next(both)).sum()), len(houses)


def _median(values: Floats) -> float:
    good = values[np.isfinite(values)]
    return float(np.median(good)) if len(good) else float("nan")


def _grids(stage: Stage, place: TownshipInfo) -> npt.NDArray[np.object_]:
    grids = stage.session.scalars(
        text(
            """
            SELECT ST_AsBinary(g.geom) FROM grid g JOIN plan_in_force p ON p.id = g.plan_id
            WHERE p.township_id = :t ORDER BY g.code COLLATE "C"
            """
        ),
        {"t": place.id},
    ).all()
    polygons: npt.NDArray[np.object_] = shapely.from_wkb([bytes(g) for g in grids])
    return polygons
