"""The shapes of the look-up's questions and answers."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from gisgrid.locate.lookup import DATUMS
from web.api.schemas import ChosenQuerySchema, PlanSchema, TownshipNameSchema


class DatumQuerySchema(ChosenQuerySchema):
    datum = fields.String(
        load_default="wgs84",
        metadata={
            "description": f"What lon and lat are in: {', '.join(DATUMS)}. Default: wgs84.",
            "enum": list(DATUMS),
        },
    )


class LocateQuerySchema(DatumQuerySchema):
    # Strings: what is no number, or is too long, is told by the domain, in two languages.
    lon = fields.String(metadata={"description": "Longitude in degrees, with lat."})
    lat = fields.String(metadata={"description": "Latitude in degrees, with lon."})
    address = fields.String(
        metadata={"description": "An address or alias, at most 200 characters; instead of a point."}
    )


class BatchQuerySchema(DatumQuerySchema):
    format = fields.String(
        validate=validate.OneOf(["csv", "json"]),
        metadata={"description": "Form of the answer; default: that of the question."},
    )
    sheet = fields.String(metadata={"description": "Sheet of a workbook that has several."})


class LocatedGridSchema(Schema):
    code = fields.String(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True)
    host = fields.String(allow_none=True)
    leader = fields.String(allow_none=True)


class CommunitySchema(Schema):
    code = fields.String(required=True)
    name = fields.String(required=True)


class OtherGridSchema(LocatedGridSchema):
    community = fields.String(required=True)
    distance_m = fields.Float(
        required=True, metadata={"description": "Metres; 0 if it covers the point as well."}
    )


class NearestAddressSchema(Schema):
    house_id = fields.Integer(required=True)
    code = fields.String(required=True)
    address = fields.String(required=True)
    distance_m = fields.Float(required=True)


class LocatedHouseSchema(Schema):
    id = fields.Integer(allow_none=True)
    code = fields.String(allow_none=True)
    address = fields.String(required=True)


class PointSchema(Schema):
    lon = fields.Float(required=True)
    lat = fields.Float(required=True)


class LocatedPlanSchema(PlanSchema):
    class Meta:
        exclude = ("based_on_id", "grids")


class LocationSchema(Schema):
    township = fields.Nested(
        TownshipNameSchema,
        required=True,
        metadata={"description": "Whose grid and leader these are, whatever was asked from where."},
    )
    community = fields.Nested(CommunitySchema, required=True)
    grid = fields.Nested(LocatedGridSchema, required=True)
    exclusive = fields.Nested(
        LocatedGridSchema,
        allow_none=True,
        metadata={"description": "The exclusive grid over the place, where those lie over."},
    )
    leader = fields.String(allow_none=True)
    plan = fields.Nested(LocatedPlanSchema, required=True)
    border_m = fields.Float(required=True, metadata={"description": "Metres to the border."})
    others = fields.List(
        fields.Nested(OtherGridSchema),
        required=True,
        metadata={"description": "Other grids within 15 m, nearest first."},
    )
    place = fields.Nested(PointSchema, required=True, metadata={"description": "In EPSG:4326."})
    house = fields.Nested(LocatedHouseSchema, allow_none=True)
    nearest = fields.Nested(
        NearestAddressSchema,
        allow_none=True,
        metadata={"description": "Nearest address of the register; not the place itself."},
    )
    how = fields.String(required=True, validate=validate.OneOf(["point", "address", "alias"]))
    confidence = fields.Float(required=True)
    reason = fields.String(required=True)


class PlanNameSchema(Schema):
    id = fields.Integer(required=True)
    name = fields.String(required=True)


class LocatedRowSchema(Schema):
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


class LocatedRowsSchema(Schema):
    plans = fields.List(fields.Nested(PlanNameSchema), required=True)
    rows = fields.List(fields.Nested(LocatedRowSchema), required=True)


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
