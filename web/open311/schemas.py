"""The shapes of Open311 GeoReport v2, as the OpenAPI document shows them."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from web.api.schemas import QuerySchema


class JurisdictionQuery(QuerySchema):
    jurisdiction_id = fields.String(
        metadata={"description": "Code of the township; needed where there are several."}
    )
    api_key = fields.String(
        metadata={"description": "A token (gisgrid user token); of the right see_events to list."}
    )


class RequestsQuery(JurisdictionQuery):
    service_request_id = fields.String(
        metadata={
            "description": "Codes of events or tickets with commas between; goes before all else."
        }
    )
    service_code = fields.String(metadata={"description": "Items with commas between."})
    start_date = fields.String(metadata={"description": "W3C date and time with its zone."})
    end_date = fields.String(
        metadata={"description": "Without both: the last 90 days; together at most 90 days."}
    )
    status = fields.String(metadata={"description": "open, closed, or both with a comma between."})
    page = fields.Integer(load_default=1, validate=validate.Range(1, 1_000_000))
    page_size = fields.Integer(load_default=1000, validate=validate.Range(1, 1000))


class NewRequest(JurisdictionQuery):
    service_code = fields.String()
    lat = fields.String(metadata={"description": "Degrees in WGS 84, with long."})
    long = fields.String()
    address_string = fields.String(metadata={"description": "Where there is no lat and long."})
    description = fields.String()
    email = fields.String(metadata={"description": "Kept with phone and names as the contact."})
    phone = fields.String()
    first_name = fields.String()
    last_name = fields.String()
    media_url = fields.String(metadata={"description": "Noted as text; nothing is fetched."})
    client_id = fields.String(
        metadata={
            "description": "Ours: the sender's own key; sent again it makes no second request."
        }
    )


class Service(Schema):
    service_code = fields.String()
    service_name = fields.String()
    description = fields.String()
    metadata = fields.Boolean()
    type = fields.String()
    keywords = fields.String()
    group = fields.String()


class Definition(Schema):
    service_code = fields.String()
    attributes = fields.List(fields.Dict())


class Receipt(Schema):
    service_request_id = fields.String()
    service_notice = fields.String(allow_none=True)
    account_id = fields.String(allow_none=True)


class Token(Schema):
    service_request_id = fields.String()
    token = fields.String()


class Request(Schema):
    service_request_id = fields.String()
    status = fields.String(validate=validate.OneOf(["open", "closed"]))
    status_notes = fields.String(allow_none=True)
    service_name = fields.String()
    service_code = fields.String()
    description = fields.String(allow_none=True)
    agency_responsible = fields.String(allow_none=True)
    service_notice = fields.String(allow_none=True)
    requested_datetime = fields.String()
    updated_datetime = fields.String()
    expected_datetime = fields.String(allow_none=True)
    address = fields.String(allow_none=True)
    address_id = fields.String(allow_none=True)
    zipcode = fields.String(allow_none=True)
    lat = fields.Float(allow_none=True)
    long = fields.Float(allow_none=True)
    media_url = fields.String(allow_none=True)


class Discovery(Schema):
    changeset = fields.String()
    contact = fields.String()
    key_service = fields.String()
    endpoints = fields.List(fields.Dict())


class Refusal(Schema):
    code = fields.Integer()
    description = fields.String()
