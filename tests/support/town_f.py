"""Town F, loaded as scripts/demo loads it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from gisgrid.core.plans import plan_in_force, plan_named, township
from gisgrid.files.columns import Mapping
from gisgrid.loading.load import LoadReport, load
from gisgrid.loading.prepare import Order
from gisgrid.planning.review.publish import publish
from gisgrid.planning.settings.townships import change_township
from gisgrid.planning.snapshot.fetch import plan_state
from gisgrid.planning.snapshot.snapshot import PlanSnapshot

DATA = Path(__file__).parents[2] / "data"
FIRST_DAY = date(2022, 9, 1)


def load_kind(session: Session, kind: str, path: Path, **details: Any) -> LoadReport:
    crs = details.pop("crs", None)
    mapping = details.pop("mapping", Mapping(crs=crs))
    return load(session, Order(kind=kind, path=path, mapping=mapping, who="test", **details))


def load_town(session: Session, folder: Path = DATA) -> dict[str, LoadReport]:
    """Everything in order, with the plan published; the reports by kind."""
    reports = {"areas": load_kind(session, "areas", folder / "boundaries/areas.geojson")}
    code = township(session).code
    change_township(session, code, ["code_scheme=gb"])
    reports["streets"] = load_kind(session, "streets", folder / "boundaries/streets.geojson")
    reports["grids"] = load_kind(session, "grids", folder / "boundaries/grids.geojson", plan="2022")
    publish(session, plan_named(session, township(session).id, "2022").id, FIRST_DAY)
    return reports | load_register(session, folder)


def load_register(session: Session, folder: Path = DATA) -> dict[str, LoadReport]:
    """Houses to events; the same files again add nothing."""
    return {
        "houses": load_kind(session, "houses", folder / "register/houses.csv", crs="wgs84"),
        "households": load_kind(session, "households", folder / "register/households.csv"),
        "residents": load_kind(session, "residents", folder / "register/residents.csv"),
        "staff": load_kind(session, "staff", folder / "staff/staff.csv"),
        "matters": load_kind(
            session, "matters", folder / "matters/matters.csv", version="2022", since=FIRST_DAY
        ),
        "events": load_kind(session, "events", folder / "events/events.csv", crs="wgs84"),
    }


def write(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_bytes("\n".join([*lines, ""]).encode(encoding))
    return path


DAY = date(2023, 8, 31)


def town_state(session: Session) -> PlanSnapshot:
    place = township(session)
    return plan_state(session, place, plan_in_force(session, place.id), DAY)
