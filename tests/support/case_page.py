"""Somebody at the page of a case, and the office around it."""

from __future__ import annotations

import io
import re
from typing import Any

from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from gisgrid.cases.cases import case_log
from gisgrid.db.store import transaction
from tests.support.accounts import appointed
from tests.support.case_town import Peopled, Town
from tests.support.web import app_over


class Desk:
    """One person at the page of one case."""

    def __init__(self, client: FlaskClient, case_id: int) -> None:
        self.client, self.case_id = client, case_id

    def page(self, query: str = "lang=en") -> str:
        return self.client.get(f"/cases/{self.case_id}?{query}").text

    def post(self, path: str, page: str | None = None, **form: Any) -> TestResponse:
        page = page or self.page()
        fields = {
            name: re.findall(rf'name="{name}"[^>]* value="([^"]*)"', page)[0]
            for name in ("csrf_token", "seq")
        }
        return self.client.post(
            f"/cases/{self.case_id}/{path}?lang=en", data={**fields, **form},
            headers={"Accept": "text/html"},
        )  # fmt: skip

    def steps(self) -> list[str]:
        return re.findall(r'data-step="(\w+)"', self.page())


def photo() -> tuple[io.BytesIO, str]:
    """A small picture as a form sends it."""
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "#337711").save(out, "JPEG")
    out.seek(0)
    return out, "after.jpg"


class Office:
    """A town with its people, a second dispatcher and an auditor."""

    def __init__(self, engine: Engine, made: Peopled) -> None:
        self.town = Town(engine, made)
        self.engine = engine
        with transaction(engine) as session:
            code = session.scalar(
                text("SELECT code FROM area WHERE id = :t"), {"t": self.town.place.id}
            )
            self.town.people["second"] = appointed(
                session, "dispatcher", code, name="dispatcher.ni"
            )
            self.town.people["auditor"] = appointed(session, "auditor", code, name="auditor.shi")

    def desk(self, who: str, case_id: int) -> Desk:
        app = app_over(self.engine, account=self.town.people[who])
        return Desk(app.test_client(), case_id)

    def log(self, case_id: int) -> list[str]:
        with transaction(self.engine) as session:
            return [line.step for line in case_log(session, case_id)]
