"""The township of two grids where reports come in, by the public, by workers and by telephone."""

from __future__ import annotations

import io
import re
from typing import Any, NamedTuple

from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from gisgrid.cases.cases import CaseActor, Details, case_by_ticket, take_step
from gisgrid.cases.flow import keep_own_flows
from gisgrid.db.store import transaction
from tests.support.accounts import appointed
from tests.support.cases import place
from tests.support.factories import create_matter
from tests.support.sketch import spot
from tests.support.web import app_over, session_cookie


class Staffed(NamedTuple):
    """Code of a matter and numbers of accounts in a township of two grids."""

    matter: str
    worker: int
    neighbour: int
    dispatcher: int
    government: int


def staffed(session: Session) -> Staffed:
    town = place(session)
    keep_own_flows(session)
    minor = create_matter(session, town, name="暴露垃圾", office="综合执法队")
    session.execute(text("UPDATE matter SET name = '城乡管理' WHERE parent_id IS NULL"))
    code = session.scalar(text("SELECT code FROM area WHERE id = :t"), {"t": town.area_id})
    worker, neighbour = (
        appointed(session, "grid_worker", code, grid=grid, name=f"worker.{grid}") for grid in "ab"
    )
    dispatcher = appointed(session, "dispatcher", name="dispatcher.shi")
    government = appointed(session, "township_government", name="gov")
    return Staffed(minor.code, worker, neighbour, dispatcher, government)


class Desk:
    """A township of two grids, a worker, and whoever comes without an account."""

    def __init__(self, engine: Engine, made: Staffed | None = None) -> None:
        if made is None:
            with transaction(engine) as session:
                made = staffed(session)
        self.engine, self.matter = engine, made.matter
        self.app = app_over(engine)
        self.public, self.worker = self.app.test_client(), self.enter(made.worker)
        self.neighbour = self.enter(made.neighbour)
        self.offices = (made.dispatcher, made.government)

    def enter(self, account: int) -> FlaskClient:
        """Somebody who has logged in."""
        client = self.app.test_client()
        name, _, value = session_cookie(self.app, self.engine, account).partition("=")
        client.set_cookie(name, value)
        return client

    def form(self, client: FlaskClient, at: tuple[float, float] | None = None, **more: Any) -> Any:
        page = client.get("/report").text
        hidden = dict(re.findall(r'name="(csrf_token|client)" value="([^"]+)"', page))
        lon, lat = at or spot(0.5, 0.5)
        return {**hidden, "matter": self.matter, "lon": str(lon), "lat": str(lat), **more}

    def send(self, client: FlaskClient, form: Any) -> Any:
        # Encoded here: the client's own spool of a large file is closed by nobody.
        boundary, body = encode_multipart(
            {
                name: FileStorage(io.BytesIO(value), "a.jpg") if isinstance(value, bytes) else value
                for name, value in form.items()
            }
        )
        kind = f"multipart/form-data; boundary={boundary}"
        return client.post("/report", data=body, content_type=kind)

    def count(self, table: str = "event") -> int:
        with transaction(self.engine) as session:
            return session.scalar(text(f"SELECT count(*) FROM {table}")) or 0

    def walk(self, ticket: str, *steps: tuple[str, CaseActor, Details]) -> None:
        with transaction(self.engine) as session:
            case = case_by_ticket(session, ticket)
            for step, by, details in steps:
                take_step(session, case.id, step, by, details=details)


def jpeg(size: tuple[int, int] = (40, 30), gps: tuple[float, float] | None = None) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    if gps:
        parts = [(float(int(v)), (v % 1) * 60, 0.0) for v in gps]
        exif[0x8825] = {1: "N", 2: parts[1], 3: "E", 4: parts[0]}
    Image.new("RGB", size, "green").save(out, "JPEG", exif=exif)
    return out.getvalue()


class Centre(Desk):
    """A desk with a telephone, and who speaks there."""

    def __init__(self, engine: Engine, made: Staffed | None = None) -> None:
        super().__init__(engine, made)
        self.dispatcher, self.government = map(self.enter, self.offices)

    def call(self, client: FlaskClient, at: tuple[float, float] | None = None, **more: Any) -> Any:
        page = client.get("/dispatch/new").text
        hidden = dict(re.findall(r'name="(csrf_token|client)" value="([^"]+)"', page))
        lon, lat = at or spot(0.5, 0.5)
        form = {
            **hidden, "matter": self.matter, "lon": str(lon), "lat": str(lat), "text": "没人收<b>",
            "contact": "测试人 19912345678", "source": "12345热线", **more,
        }  # fmt: skip
        return client.post("/dispatch/new", data={k: v for k, v in form.items() if v is not None})
