"""Asking the look-up as a program does."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from web.lookup.snapshots import Snapshots

INSIDE = (120.89, 40.70)
"""A place in Town F, 105 m from a border."""


def ask(client: FlaskClient, **query: object) -> dict[str, Any]:
    answer = client.get("/api/v1/locate", query_string=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def refused(client: FlaskClient, status: int, **query: object) -> dict[str, Any]:
    answer = client.get("/api/v1/locate", query_string={"lang": "en", **query})
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    return dict(answer.get_json())


def snapshots_of(app: Flask) -> Snapshots:
    found: Snapshots = app.extensions["gisgrid.snapshots"]
    return found
