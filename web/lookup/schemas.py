"""The shapes of the look-up's questions and answers."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from gisgrid.locate.asking import DATUMS
from web.api.schemas import ChosenQuery, Plan, TownshipName


class DatumQuery(ChosenQuery):
    datum = fields.String(
        load_default="wgs84",
        metadata={
            "description": f"What lon and lat are in: {', '.join(DATUMS)}. Default: wgs84.",
            "enum": list(DATUMS),
        },
    )


class LocateQuery(DatumQuery):
    # Strings: what is no number, or is too long, is told by the domain, in two languages.
    lon = fields.String(metadata={"description": "Longitude in degrees, with lat."})
    lat = fields.String(metadata={"description": "Latitude in degrees, with lon."})
    address = fields.String(
        metadata={"description": "An address or alias, at most 200 characters; instead of a point."}
    )


class BatchQuery(DatumQuery):
    format = fields.String(
        validate=validate.OneOf(["csv", "json"]),
        metadata={"description": "Form of the answer; default: that of the question."},
    )
    sheet = fields.String(metadata={"description": "Sheet of a workbook that has several."})


class LocatedGrid(Schema):
    code = fields.String(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True)
    host = fields.String(allow_none=True)
    leader = fields.String(allow_none=True)


class Community(Schema):
    code = fields.String(required=True)
    name = fields.String(required=True)


class OtherGrid(LocatedGrid):
    community = fields.String(required=True)
    distance_m = fields.Float(
        required=True, metadata={"description": "Metres; 0 if it covers the point as well."}
    )


class NearestAddress(Schema):
    house_id = fields.Integer(required=True)
    code = fields.String(required=True)
    address = fields.String(required=True)
    distance_m = fields.Float(required=True)


class LocatedHouse(Schema):
    id = fields.Integer(allow_none=True)
    code = fields.String(allow_none=True)
    address = fields.String(required=True)


class Point(Schema):
    lon = fields.Float(required=True)
    lat = fields.Float(required=True)


class LocatedPlan(Plan):
    class Meta:
        exclude = ("based_on_id", "grids")


class Location(Schema):
    township = fields.Nested(
        TownshipName,
        required=True,
        metadata={"description": "Whose grid and leader these are, whatever was asked from where."},
    )
    community = fields.Nested(Community, required=True)
    grid = fields.Nested(LocatedGrid, required=True)
    exclusive = fields.Nested(
        LocatedGrid,
        allow_none=True,
        metadata={"description": "The exclusive grid over the place, where those lie over."},
    )
    leader = fields.String(allow_none=True)
    plan = fields.Nested(LocatedPlan, required=True)
    border_m = fields.Float(required=True, metadata={"description": "Metres to the border."})
    others = fields.List(
        fields.Nested(OtherGrid),
        required=True,
        metadata={"description": "Other grids within 15 m, nearest first."},
    )
    place = fields.Nested(Point, required=True, metadata={"description": "In EPSG:4326."})
    house = fields.Nested(LocatedHouse, allow_none=True)
    nearest = fields.Nested(
        NearestAddress,
        allow_none=True,
        metadata={"description": "Nearest address of the register; not the place itself."},
    )
    how = fields.String(required=True, validate=validate.OneOf(["point", "address", "alias"]))
    confidence = fields.Float(required=True)
    reason = fields.String(required=True)


class PlanName(Schema):
    id = fields.Integer(required=True)
    name = fields.String(required=True)


class LocatedRow(Schema):
    """One row of a batch; with a ``problem`` the rest may be empty."""

    row = fields.Integer(required=True)
    grid_code = fields.String(required=True, allow_none=True)
    grid_name = fields.String(required=True, allow_none=True)
    grid_kind = fields.String(required=True, allow_none=True)
    exclusive_code = fields.String(required=True, allow_none=True)
    community = fields.String(required=True, allow_none=True)
    township = fields.String(required=True, allow_none=True)
    township_code = fields.String(required=True, allow_none=True)
    leader = fields.String(required=True, allow_none=True)
    border_m = fields.Float(required=True, allow_none=True)
    other_code = fields.String(required=True, allow_none=True)
    other_m = fields.Float(required=True, allow_none=True)
    house_code = fields.String(required=True, allow_none=True)
    matched_address = fields.String(required=True, allow_none=True)
    how = fields.String(required=True, allow_none=True)
    confidence = fields.Float(required=True, allow_none=True)
    plan_id = fields.Integer(required=True, allow_none=True)
    problem = fields.String(required=True, allow_none=True)


class LocatedRows(Schema):
    plans = fields.List(fields.Nested(PlanName), required=True)
    rows = fields.List(fields.Nested(LocatedRow), required=True)


_PLACE = {
    "type": "object",
    "properties": {
        "lon": {"type": ["number", "string"]},
        "lat": {"type": ["number", "string"]},
        "address": {"type": "string"},
    },
}
_PLACES = {"type": "array", "minItems": 1, "maxItems": 100_000, "items": _PLACE}
_FILE = {"type": "string", "contentMediaType": "application/octet-stream"}
BATCH_BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": _PLACES},
        "multipart/form-data": {
            "schema": {"type": "object", "properties": {"file": _FILE}, "required": ["file"]}
        },
    },
}
"""A list of places, or a file of a form; a table may be the body itself, too."""
