"""Scenarios from files and into files: GeoPackage and GeoJSON."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.crs import SRID
from gisgrid.core.errors import Invalid
from gisgrid.core.messages import message
from gisgrid.core.plans import PlanInfo, TownshipInfo, newest_plan, plan_named
from gisgrid.files import vectors
from gisgrid.files.columns import Mapping
from gisgrid.files.exports import Feature, whole_file, write_geojson
from gisgrid.files.findings import REASONS, Findings
from gisgrid.files.read import Table
from gisgrid.loading.load import load
from gisgrid.loading.prepare import Order
from gisgrid.planning.attach.attach import attach
from gisgrid.planning.checks.checks import run_checks
from gisgrid.planning.editor.scenarios import free_scenario_name
from gisgrid.planning.snapshot.fetch import limits_of, plan_state, today

MUST_PASS = ("overlap", "invalid", "multipart", "outside")
"""Checks that an imported plan passes, or it is refused: they would make it undrawable."""


def import_scenario(
    session: Session,
    place: TownshipInfo,
    path: Path,
    *,
    name: str,
    who: str,
    crs: str | None = None,
    table: Table | None = None,
    move: bool = False,
) -> PlanInfo:
    """A draft with the grids of a file, based on the newest plan, everything attached.

    The file is read as ``gisgrid load grids`` reads it; ``table`` is what was read of it already.
    ``move``: grids may lie in another community than in the plan in force.

    Raises
    ------
    Invalid
        A row is refused, or grids overlap, are invalid, or leave their community or the township.
    Conflict
        The name is taken, or a code belonged to a retired grid.
    """
    name = free_scenario_name(session, place.id, name)
    order = Order(
        "grids", path, table=table, township=place.code, plan=name, mapping=Mapping(crs=crs),
        move=move, who=who,
    )  # fmt: skip
    report = load(session, order)
    if report.rejected.counts():
        raise _refused(report.rejected)
    plan = plan_named(session, place.id, name)
    newest = newest_plan(session, place.id)
    session.execute(
        text("UPDATE plan SET who = :who, note = :note, based_on_id = :base WHERE id = :p"),
        {"who": who, "note": path.name, "base": newest and newest.id, "p": plan.id},
    )
    state = plan_state(session, place, plan, today(place))
    for result in run_checks(state, limits_of(session, place.id), only=MUST_PASS):
        if result.findings:
            worst = result.findings[0]
            spot = worst.place.representative_point()
            raise Invalid(
                "The file's grids fail the check “{result}” in {count} places, first: {worst}; nothing was "
                "imported.",
                result=result.title,
                count=len(result.findings),
                worst=worst.said,
                check=result.name,
                grids=list(worst.grids),
                place=[round(spot.x, 7), round(spot.y, 7)],
            )
    attach(session, plan.id, "house")
    attach(session, plan.id, "event")
    return plan_named(session, place.id, name)


def _refused(rejected: Findings) -> Invalid:
    """Which rows cannot be grids, and why, in words."""
    counts = sorted(rejected.counts().items())
    why = [message("{reason}: {n}", reason=message(REASONS[code].en), n=n) for code, n in counts]
    rows = rejected.rows()[:10].tolist()
    return Invalid(
        "The file has rows that cannot be grids ({why}), the first: {rows}; nothing was imported.",
        why=why,
        rejected=dict(counts),
        rows=rows,
    )


def export_plan(session: Session, place: TownshipInfo, plan: PlanInfo, path: Path) -> int:
    """Write a plan's grids as GeoPackage (``.gpkg``) or GeoJSON; how many there are.

    Coordinates are EPSG:4326 with every digit, so that an import gives the plan again and each house
    its grid.

    Raises
    ------
    Invalid
        The file's name ends in neither.
    """
    state = plan_state(session, place, plan, today(place))
    grids = state.grids
    columns = {
        "code": grids.code,
        "name": grids.name,
        "kind": np.where(grids.exclusive, "exclusive", "basic").astype(object),
        "community": state.communities.code[grids.community],
        "host": grids.host,
    }
    if path.suffix.lower() == ".gpkg":
        frame = vectors.gdal.geopandas.GeoDataFrame(columns, geometry=grids.lonlat, crs=SRID)
        with whole_file(path) as side:
            frame.to_file(side, driver="GPKG", layer="grids")
    elif path.suffix.lower() in (".geojson", ".json"):
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        write_geojson(path, [Feature(g, r) for g, r in zip(grids.lonlat, rows, strict=True)])
    else:
        raise Invalid("A plan is written as .gpkg or .geojson.")
    return len(grids.code)
