"""Answers of Open311 GeoReport v2 in its two forms, JSON and XML, refusals too."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from flask import Response, json, request

PREFIX = "/open311/v2"
FORMS = ("json", "xml")
# What XML 1.0 cannot hold.
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What the standard knows; anything of ours that is no fault of the server is one of them.
_STATUS = {401: 403, 409: 400, 410: 404, 413: 400, 415: 400, 422: 400}
_ITEM = {
    "services": "service", "service_requests": "request", "errors": "error",
    "attributes": "attribute", "endpoints": "endpoint", "formats": "format",
}  # fmt: skip

Rows = Sequence[Mapping[str, Any]] | Mapping[str, Any]


def answered(form: str, root: str, rows: Rows, status: int = 200) -> Response:
    """A list or one thing; in XML under the element ``root``."""
    if form == "xml":
        body = ET.tostring(element(root, rows), encoding="utf-8", xml_declaration=True)
        return Response(body, status, content_type="text/xml; charset=utf-8")
    return Response(json.dumps(rows), status, content_type="application/json; charset=utf-8")


def refused(status: int, description: str) -> Response:
    """A refusal as the standard tells it: code and description, in the form that was asked for."""
    code = _STATUS.get(status, status)
    response = answered(
        "xml" if request.path.endswith(".xml") else "json",
        "errors",
        [{"code": code, "description": description}],
        code,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def element(name: str, value: Any) -> ET.Element:
    """A value as an element: lists hold items by their own name, nothing is an empty element."""
    made = ET.Element(name)
    if isinstance(value, Mapping):
        made.extend(element(key, each) for key, each in value.items())
    elif isinstance(value, list | tuple):
        made.extend(element(_ITEM[name], each) for each in value)
    elif isinstance(value, bool):
        made.text = "true" if value else "false"
    elif value is not None:
        made.text = _NO_XML.sub("", str(value))
    return made
