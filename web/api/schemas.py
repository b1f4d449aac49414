"""The shapes of the API's questions and answers, as its OpenAPI document shows them."""

from __future__ import annotations

from marshmallow import EXCLUDE, Schema, fields, validate

from gisgrid.db.tables.plans import STATES
from web.http.language import LANGUAGES

BIGGEST_ID = 2**63 - 1


class QuerySchema(Schema):
    """A question's parameters; unknown ones are ignored."""

    class Meta:
        unknown = EXCLUDE

    lang = fields.String(
        validate=validate.OneOf(list(LANGUAGES)),
        metadata={"description": "Language of error messages."},
    )


class TownshipQuerySchema(QuerySchema):
    township = fields.String(
        metadata={
            "description": "Code of the township. Without it: the one that the asker chose or has a "
            "post in, else the only one of the store; else 422 names those that may be meant."
        }
    )


class ChosenQuerySchema(TownshipQuerySchema):
    plan = fields.Integer(
        validate=validate.Range(1, BIGGEST_ID), metadata={"description": "Number of the plan."}
    )
    as_of = fields.Date(
        metadata={
            "description": "The plan in force on this day, with its events until then; default: the "
            "township's today."
        }
    )


class LeaderQuerySchema(TownshipQuerySchema):
    purpose = fields.String(
        required=True,
        validate=validate.Length(1, 40),
        metadata={
            "description": "What the number is asked for: a declared purpose; it is audited."
        },
    )


class GridsQuerySchema(QuerySchema):
    as_of = fields.Date(metadata={"description": "Events until this day; default: all."})
    geometry = fields.Boolean(
        metadata={"description": "Add each grid's polygon as a GeoJSON geometry (EPSG:4326)."}
    )


class SearchQuerySchema(ChosenQuerySchema):
    q = fields.String(
        required=True,
        validate=validate.Length(1, 100),
        metadata={"description": "Part of an address, of a grid's name or of its code."},
    )
    limit = fields.Integer(load_default=10, validate=validate.Range(1, 50))


class TownshipSchema(Schema):
    code = fields.String(required=True)
    name = fields.String(required=True)
    name_en = fields.String(allow_none=True)
    metric_srid = fields.Integer(
        metadata={"description": "EPSG code in which lengths and areas are measured."}
    )
    time_zone = fields.String()
    grid_rule = fields.String(
        metadata={"description": "hole: exclusive grids cut basic ones; overlay: they lie over."}
    )


class TownshipNameSchema(Schema):
    code = fields.String(required=True)
    name = fields.String(required=True)
    name_en = fields.String(allow_none=True)


class TownshipsSchema(Schema):
    townships = fields.List(fields.Nested(TownshipSchema), required=True)


class PlanSchema(Schema):
    id = fields.Integer(required=True)
    name = fields.String(required=True)
    state = fields.String(validate=validate.OneOf(STATES), required=True)
    valid_from = fields.Date(allow_none=True)
    valid_to = fields.Date(
        allow_none=True, metadata={"description": "First day it is no longer in force."}
    )
    last_day = fields.Date(
        allow_none=True, metadata={"description": "Last day on which it is in force."}
    )
    in_force = fields.String(
        validate=validate.OneOf(["later", "now", "past"]),
        allow_none=True,
        metadata={"description": "On the township's day of today; null: it was not published."},
    )
    based_on_id = fields.Integer(allow_none=True)
    grids = fields.Integer()


class PlansSchema(Schema):
    township = fields.Nested(TownshipSchema, required=True)
    plans = fields.List(fields.Nested(PlanSchema), required=True)


class GridSchema(Schema):
    code = fields.String(required=True)
    name = fields.String(required=True)
    kind = fields.String(validate=validate.OneOf(["basic", "exclusive"]), required=True)
    community = fields.String(metadata={"description": "Code of the community."})
    houses = fields.Integer()
    households = fields.Integer(allow_none=True)
    residents = fields.Integer(allow_none=True)
    events = fields.Integer(allow_none=True)
    open_events = fields.Integer(allow_none=True)
    geometry = fields.Dict(metadata={"description": "GeoJSON MultiPolygon; on request."})


class GridsSchema(Schema):
    township = fields.Nested(TownshipNameSchema, required=True)
    plan = fields.Nested(PlanSchema, required=True)
    grids = fields.List(fields.Nested(GridSchema), required=True)


class HeirSchema(Schema):
    code = fields.String(required=True)
    name = fields.String(required=True)
    share = fields.Float(required=True)


class GridCardSchema(Schema):
    township = fields.Nested(TownshipNameSchema, required=True)
    plan_id = fields.Integer(required=True)
    code = fields.String(required=True)
    name = fields.String(required=True)
    kind = fields.String()
    host = fields.String(allow_none=True)
    community_code = fields.String()
    community = fields.String()
    community_en = fields.String(allow_none=True)
    leader = fields.String(allow_none=True)
    houses = fields.Integer()
    households = fields.Integer(allow_none=True)
    residents = fields.Integer(allow_none=True)
    events = fields.Integer(allow_none=True)
    open_events = fields.Integer(allow_none=True)
    state = fields.String(
        validate=validate.OneOf(["in_force", "later", "draft", "retired"]),
        required=True,
        metadata={
            "description": "later: the plan waits for its day. retired: the plan does not have it any "
            "more; told as the last one had it."
        },
    )
    since = fields.Date(
        allow_none=True,
        metadata={
            "description": "Of a retired grid: the first day without it; of one to come: its first."
        },
    )
    successors = fields.List(
        fields.Nested(HeirSchema),
        metadata={"description": "Who took a retired grid over; shares of its residents."},
    )


class HouseCardSchema(Schema):
    township = fields.Nested(TownshipNameSchema, required=True)
    id = fields.Integer(required=True)
    code = fields.String(required=True)
    address = fields.String(required=True)
    grid_code = fields.String(allow_none=True)
    grid_name = fields.String(allow_none=True)
    border_m = fields.Float(
        allow_none=True, metadata={"description": "Metres to a grid border, where that is near."}
    )


class EventCardSchema(Schema):
    township = fields.Nested(TownshipNameSchema, required=True)
    id = fields.Integer(required=True)
    code = fields.String(required=True)
    matter = fields.String(required=True)
    matter_en = fields.String(allow_none=True)
    reported_at = fields.AwareDateTime(required=True)
    due_at = fields.AwareDateTime(allow_none=True)
    closed_at = fields.AwareDateTime(allow_none=True)
    grid_code = fields.String(allow_none=True)
    grid_name = fields.String(allow_none=True)
    border_m = fields.Float(allow_none=True)


class CountsSchema(Schema):
    code = fields.String(allow_none=True, metadata={"description": "Code of the community."})
    name = fields.String(allow_none=True)
    basic = fields.Integer()
    exclusive = fields.Integer()
    houses = fields.Integer()
    households = fields.Integer(allow_none=True)
    residents = fields.Integer(allow_none=True)
    events = fields.Integer(allow_none=True)
    uncovered_houses = fields.Integer()
    uncovered_residents = fields.Integer(allow_none=True)


class SummarySchema(Schema):
    township = fields.Nested(TownshipSchema, required=True)
    plan = fields.Nested(PlanSchema, required=True)
    communities = fields.List(fields.Nested(CountsSchema), required=True)
    total = fields.Nested(CountsSchema, required=True)


class HitSchema(Schema):
    kind = fields.String(validate=validate.OneOf(["grid", "house", "spot"]), required=True)
    id = fields.Integer(
        allow_none=True, metadata={"description": "None: a spot of the alias book."}
    )
    code = fields.String(allow_none=True)
    label = fields.String(required=True)
    grid_code = fields.String(allow_none=True)
    lon = fields.Float(required=True)
    lat = fields.Float(required=True)


class HitsSchema(Schema):
    township = fields.Nested(TownshipNameSchema, required=True)
    plan_id = fields.Integer(required=True)
    hits = fields.List(fields.Nested(HitSchema), required=True)


class HealthSchema(Schema):
    status = fields.String(required=True)
    migration = fields.String(
        allow_none=True, metadata={"description": "Migration at which the database stands."}
    )


class ProblemDocumentSchema(Schema):
    """RFC 9457; every failure of the API has this shape."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    instance = fields.String(required=True)
    facts = fields.Dict(metadata={"description": "The values behind the sentence."})
    errors = fields.Dict(metadata={"description": "Messages by parameter."})


class LeaderSchema(Schema):
    township = fields.Nested(TownshipNameSchema, required=True)
    grid_code = fields.String()
    name = fields.String()
    phone = fields.String(allow_none=True)
