"""The shapes of the board's question and answer."""

from __future__ import annotations

from marshmallow import Schema, fields, validate
from webargs.fields import DelimitedList

from gisgrid.cases.board import MOST_ROWS, ORDERS
from gisgrid.cases.board_filters import DUES, STATES
from web.api.schemas import BIGGEST_ID, TownshipNameSchema, TownshipQuerySchema

_SHORT = validate.Length(0, 100)


class BoardQuery(TownshipQuerySchema):
    state = fields.String(
        validate=validate.OneOf(["", *STATES]),
        metadata={"description": "Open (default), closed, all, or the phase of a flow."},
    )
    due = fields.String(
        validate=validate.OneOf(["", *DUES]),
        metadata={"description": "Late, due soon, or without a running deadline; of open cases."},
    )
    matter = fields.String(
        validate=_SHORT, metadata={"description": "Code of an item or of what it belongs to."}
    )
    grid = fields.String(
        validate=_SHORT,
        metadata={"description": "Code under the published plan; none: in no grid."},
    )
    community = fields.String(validate=_SHORT, metadata={"description": "Code of a community."})
    source = fields.String(validate=_SHORT, metadata={"description": "Where it came from."})
    q = fields.String(
        validate=_SHORT,
        metadata={"description": "Part of a code, or of the name of a matter, office or grid."},
    )
    since = fields.Date(metadata={"description": "First day of report."})
    until = fields.Date(metadata={"description": "Last day of report."})
    box = DelimitedList(
        fields.Float(allow_nan=False, validate=validate.Range(-180, 180)),
        validate=validate.Length(equal=4),
        metadata={"description": "West, south, east, north in degrees (EPSG:4326)."},
    )
    ids = DelimitedList(
        fields.Integer(validate=validate.Range(1, BIGGEST_ID)),
        validate=validate.Length(0, 500),
        metadata={"description": "Numbers of cases."},
    )
    mine = fields.Boolean(
        load_default=False, metadata={"description": "Those that wait for whoever asks."}
    )
    sort = fields.String(
        validate=validate.OneOf(["", *ORDERS]),
        metadata={
            "description": "By what the rows stand below emergencies; without it by urgency."
        },
    )
    down = fields.Boolean(
        load_default=False,
        metadata={"description": "The other way round; what is empty stays last."},
    )
    limit = fields.Integer(
        load_default=50,
        validate=validate.Range(1, MOST_ROWS),
        metadata={"description": "At most so many rows."},
    )
    square = fields.Float(
        allow_nan=False,
        validate=validate.Range(0.00001, 10),
        metadata={
            "description": "Degrees: cases of one square are one symbol; without it, no symbols."
        },
    )


class BoardRow(Schema):
    case_id = fields.Integer(required=True)
    seq = fields.Integer(
        required=True, metadata={"description": "Of its last step, to be sent with the next."}
    )
    event_id = fields.Integer(required=True)
    code = fields.String(required=True)
    matter_code = fields.String(required=True)
    matter = fields.String(required=True)
    state = fields.String(required=True, metadata={"description": "In the asker's language."})
    phase = fields.String(required=True)
    emergency = fields.Boolean(required=True)
    open = fields.Boolean(required=True)
    colour = fields.String(
        required=True,
        validate=validate.OneOf(["red", "yellow", "green", "paused", "done"]),
        metadata={"description": "How its deadline stands."},
    )
    reported_at = fields.AwareDateTime(required=True)
    closed_at = fields.AwareDateTime(allow_none=True)
    due_at = fields.AwareDateTime(allow_none=True)
    yellow_at = fields.AwareDateTime(allow_none=True)
    source = fields.String(allow_none=True)
    community = fields.String(
        allow_none=True, metadata={"description": "Of the place, in the asker's language."}
    )
    grid_code = fields.String(allow_none=True)
    grid = fields.String(allow_none=True)
    owner_grid = fields.String(allow_none=True)
    office = fields.String(allow_none=True)
    person = fields.String(
        allow_none=True,
        metadata={"description": "Who has it, as far as the asker may see names of the staff."},
    )
    returned = fields.String(
        allow_none=True,
        metadata={"description": "Why it was given back, while it waits to be sent anew."},
    )
    told_again = fields.Integer(
        required=True, metadata={"description": "Others who reported the same: merged into it."}
    )
    lon = fields.Float(allow_none=True)
    lat = fields.Float(allow_none=True)


class BoardSymbol(Schema):
    n = fields.Integer(required=True)
    late = fields.Integer(required=True)
    soon = fields.Integer(required=True)
    urgent = fields.Integer(required=True, metadata={"description": "Open emergencies."})
    lon = fields.Float(required=True)
    lat = fields.Float(required=True)
    case_id = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Null for a sum."}
    )


class BoardTabs(Schema):
    open = fields.Integer(required=True)
    report = fields.Integer(required=True, metadata={"description": "To be filed."})
    file = fields.Integer(required=True, metadata={"description": "To be sent."})
    work = fields.Integer(required=True, metadata={"description": "Sent, or begun."})
    check = fields.Integer(required=True)
    hold = fields.Integer(required=True)
    late = fields.Integer(required=True)
    soon = fields.Integer(required=True)
    mine = fields.Integer(required=True)
    nowhere = fields.Integer(required=True, metadata={"description": "In no grid."})


class BoardTabsAnswer(Schema):
    township = fields.Nested(TownshipNameSchema, required=True)
    tabs = fields.Nested(BoardTabs, required=True)


class BoardAnswer(Schema):
    township = fields.Nested(TownshipNameSchema, required=True)
    plan = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Number of the plan in force, which the grids are of."},
    )
    total = fields.Integer(required=True)
    open = fields.Integer(required=True)
    late = fields.Integer(required=True)
    soon = fields.Integer(required=True)
    urgent = fields.Integer(required=True, metadata={"description": "Open emergencies."})
    unlocated = fields.Integer(required=True)
    rows = fields.List(fields.Nested(BoardRow), required=True)
    symbols = fields.List(fields.Nested(BoardSymbol), required=True)
