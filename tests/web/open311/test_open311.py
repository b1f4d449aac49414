"""Open311 GeoReport v2: two published clients run against the live server; and what they do not try."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from civicbot import Endpoint, HttpTransport, Open311Client
from defusedxml import ElementTree
from flask import Flask
from georeport import GeoReport
from sqlalchemy import Engine, text

from gisgrid.cases.cases import CaseActor, Details, Owner, case_by_ticket, take_step
from gisgrid.cases.flow import keep_own_flows
from gisgrid.db.store import transaction
from gisgrid.db.tables import Township
from gisgrid.people.tokens import add_token
from tests.support.accounts import appointed
from tests.support.cases import DISPATCHER, WORKER, place
from tests.support.desks import jpeg
from tests.support.factories import create_event, create_matter
from tests.support.sketch import spot
from tests.support.web import app_over, served
from web.lookup import snapshots

LON, LAT = spot(0.5, 0.5)
NOW = datetime.now(UTC)


class City:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        with transaction(engine) as session:
            town = place(session)
            keep_own_flows(session)
            matter = create_matter(
                session, town, name="井盖缺损", name_en="Manhole", office="建设办"
            )
            self.matter = matter.code
            for n, days in enumerate((1, 40, 89, 100, 200)):
                create_event(
                    session, town, (LON, LAT), matter, code=f"OLD{n}", text=f"旧事{n}",
                    reported_at=NOW - timedelta(days=days),
                    closed_at=NOW - timedelta(days=days - 1) if n % 2 else None,
                )  # fmt: skip
            self.code = session.scalar(
                text("SELECT code FROM area WHERE id = :t"), {"t": town.area_id}
            )
            appointed(session, "dispatcher", self.code, name="app.city")
            scopes = (["handle_events"], ["handle_events", "see_events"], ["see_houses"])
            self.report, self.full, self.idle = (
                add_token(session, "app.city", "-".join(each), each, days=30)[1] for each in scopes
            )
        self.app: Flask = app_over(engine)
        self.client = self.app.test_client()

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/open311/v2/{path}", query_string=query)

    def post(self, form: str = "json", **fields: Any) -> Any:
        whole = {"api_key": self.full, "service_code": self.matter, "lat": LAT, "long": LON}
        sent = {k: v for k, v in (whole | fields).items() if v is not None}
        return self.client.post(f"/open311/v2/requests.{form}", data=sent)


@pytest.fixture
def city(engine: Engine) -> City:
    return City(engine)


def test_published_clients_list_send_and_follow_on_the_live_server(city: City):
    snapshots.start(city.app)  # as a server does: what is compiled once is no time of an answer
    with served(city.app) as host:
        endpoint = Endpoint(id="f", name="F", base_url=f"{host}/open311/v2", write=True)
        client = Open311Client(endpoint, HttpTransport(timeout=120))
        assert [s["service_name"] for s in client.list_services()] == ["井盖缺损"]
        sent = client.create_request(
            city.matter, lat=LAT, lng=LON, description="井盖没了", phone="19912345678",
            first_name="测试", last_name="人", media_url="https://example.org/a.jpg",
            api_key=city.report, dry_run=False, confirm="SEND", validate_remote=True,
        )  # fmt: skip
        number = sent.response[0]["service_request_id"]
        assert client.get_request(number)["status"] == "open"
        assert client.get_token(number)[0]["service_request_id"] == number
        with transaction(city.engine) as session:
            case = case_by_ticket(session, number)
            for step, by, details in (
                ("file", DISPATCHER, Details()),
                ("dispatch", DISPATCHER, Details(to=Owner(office="建设办"))),
                ("suspend", DISPATCHER, Details(reason="等井盖到货")),
            ):
                take_step(session, case.id, step, by, details=details)
            row = session.execute(text("SELECT text, contact, source FROM event WHERE id = :e"), {"e": case.event_id}).one()  # fmt: skip
        assert tuple(row) == (
            "井盖没了\nmedia_url: https://example.org/a.jpg", "测试 人 19912345678", "Open311"
        )  # fmt: skip
        seen = client.get_request(number)
        assert "等井盖到货" in seen["status_notes"]
        assert seen["agency_responsible"] == "建设办"
        with transaction(city.engine) as session:
            for step, by, details in (
                ("resume", DISPATCHER, Details()),
                ("feed_back", WORKER, Details(note="已换")),
                ("close", CaseActor("other.ni", ("dispatcher",)), Details()),
            ):
                take_step(session, case.id, step, by, details=details)
        for form in ("json", "xml"):
            reader = GeoReport(f"{host}/open311/v2", output_format=form)
            services = reader.get_service_list()
            assert (services if form == "json" else [services])[0]["service_code"] == city.matter
            assert reader.get_service_definition(city.matter)["service_code"] == city.matter
            assert reader.get_service_request(number)["status"] == "closed"
            found = reader.get_service_requests(service_request_id=number)
            assert (found[0] if form == "json" else found)["service_request_id"] == number
        assert GeoReport(f"{host}/open311/v2").get_service_requests() == [], "no key, no list"


def test_a_key_lists_the_last_90_days_by_pages_with_state_and_span(city: City):
    def codes(**query: Any) -> list[str]:
        answer = city.get("requests.json", api_key=city.full, **query)
        assert answer.status_code == 200, answer.text
        return [row["service_request_id"] for row in answer.json]

    day = (NOW - timedelta(days=150)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert codes() == ["OLD0", "OLD1", "OLD2"]
    assert codes(status="open") == ["OLD0", "OLD2"] and codes(status="closed") == ["OLD1"]
    assert codes(page_size=2) == ["OLD0", "OLD1"] and codes(page_size=2, page=2) == ["OLD2"]
    assert codes(start_date=day) == ["OLD2", "OLD3"] and codes(end_date=day) == ["OLD4"]
    assert codes(service_code="x") == [] and codes(service_code=f"x,{city.matter}")[0] == "OLD0"
    assert codes(service_request_id="OLD4, OLD3,NONE", status="open") == ["OLD4", "OLD3"]
    row = city.get("requests/OLD0.json", api_key=city.full, lang="en").json[0]
    assert (row["description"], row["lat"], row["long"]) == ("旧事0", LAT, LON)
    assert row["service_name"] == "Manhole" and row["requested_datetime"].endswith("+08:00")
    with transaction(city.engine) as session:
        opened = session.execute(
            text("SELECT purpose FROM audit_entry WHERE subject = 'event' ORDER BY id DESC LIMIT 1")
        ).scalar_one()
    assert opened == "event", "descriptions are opened on the record"


def test_without_a_key_nobody_lists_and_a_wrong_or_lesser_one_is_refused(city: City):
    assert city.get("requests.json").json == []
    assert city.get("requests/OLD0.json").status_code == 404
    assert city.get("requests.json", api_key="ggt_x").status_code == 403
    assert city.get("requests.json", api_key=city.idle).json == []
    for key in (None, "", "ggt_x", city.idle):
        refused = city.post(api_key=key)
        assert refused.status_code == 403
        assert refused.json[0]["code"] == 403 and refused.json[0]["description"]
    # A session of a browser is no key.
    browser = app_over(city.engine, account=1).test_client()
    form = {"service_code": city.matter, "lat": LAT, "long": LON}
    assert browser.post("/open311/v2/requests.json", data=form).status_code == 403


BAD: list[tuple[dict[str, Any], int]] = [
    ({"service_code": None}, 400),
    ({"service_code": "999"}, 404),
    ({"lat": None}, 400),
    ({"lat": None, "long": None}, 400),
    ({"lat": "x"}, 400),
    ({"lat": 20, "long": 100}, 400),
    ({"jurisdiction_id": "nowhere"}, 404),
    ({"description": "字" * 4001}, 400),
    ({"media_url": "file:///etc/passwd"}, 400),
    ({"service_code": "\0"}, 404),
]


def test_a_request_that_cannot_be_taken_is_refused_in_the_standards_form(city: City):
    for (fields, status), form in product(BAD, ("json", "xml")):
        answer = city.post(form, **fields)
        assert answer.status_code == status, answer.text
        if form == "json":
            (error,) = answer.json
        else:
            assert answer.mimetype == "text/xml"
            (found,) = ElementTree.fromstring(answer.data)
            error = {
                "code": int(found.findtext("code")),
                "description": found.findtext("description"),
            }
        assert error["code"] == status and error["description"]
    with transaction(city.engine) as session:
        assert session.scalar(text("SELECT count(*) FROM event WHERE source = 'Open311'")) == 0
        # What the list does not have is kept as a demand; a code that is none, as none.
        kept = session.execute(
            text("SELECT DISTINCT matter, text, why ~ 'has no such minor item' FROM refused_demand")
        )
        assert kept.all() == [("?", None, True)]


NO_QUESTIONS: list[dict[str, str]] = [
    {"start_date": "2023-01-01"},
    {"start_date": "2023-01-01T00:00:00Z", "end_date": "2023-05-01T00:00:00Z"},
    {"start_date": "2023-01-02T00:00:00Z", "end_date": "2023-01-01T00:00:00Z"},
    {"end_date": "0001-01-01T00:00:00Z"},
    {"start_date": "9999-12-31T00:00:00Z"},
    {"status": "done"},
    {"page_size": "1001"},
    {"page": "0"},
    {"service_request_id": ",".join(["x"] * 51)},
]


def test_a_question_that_is_none_is_refused(city: City):
    for query in NO_QUESTIONS:
        answer = city.get("requests.json", api_key=city.full, **query)
        assert answer.status_code == 400 and answer.json[0]["code"] == 400, query


def test_an_address_a_photo_and_a_retry(city: City):
    first = city.post(lat=None, long=None, address_string="老槐树", client_id="c1")
    again = city.post(lat=None, long=None, address_string="老槐树", client_id="c1")
    assert first.json == again.json and first.json[0]["service_notice"]
    with transaction(city.engine) as session:
        appointed(session, "dispatcher", city.code, name="app.other")
        other = add_token(session, "app.other", "x", ["handle_events"], days=1)[1]
    sent = city.post(api_key=other, client_id="c1").json
    assert sent != first.json, "a key is its sender's own"
    photo = (io.BytesIO(jpeg()), "a.jpg")
    assert city.post("xml", media=photo, description="<b>&]]>\x0b</b>").status_code == 200
    (one,) = ElementTree.fromstring(
        city.get("requests.xml", api_key=city.full, page_size=1, service_code=city.matter).data
    )
    assert one.findtext("description") == "<b>&]]></b>"
    assert re.search(r"/report/photos/\d+$", one.findtext("media_url"))


def test_a_program_is_told_what_a_person_would_have_to_look_at(city: City):
    """By the preview of the page: near a border, reported before; and nothing where there is no doubt."""
    lon, lat = spot(0.995, 0.05)
    near = city.post(long=lon, lat=lat, client_id="n1").json[0]["service_notice"]
    assert re.fullmatch(r"该位置距边界 \d\.\d 米，两边都有可能，现归 网格a。", near)
    english = city.client.post(
        "/open311/v2/requests.json?lang=en",
        data={"api_key": city.full, "service_code": city.matter, "lat": LAT, "long": LON, "client_id": "n2"},
    ).json[0]  # fmt: skip
    assert english["service_notice"] == "Something like it was reported near by already."
    alone = {"long": spot(1.5, 0.5)[0], "lat": spot(1.5, 0.5)[1], "client_id": "n3"}
    first, again = city.post(**alone), city.post(**alone)
    assert first.json == again.json and first.json[0]["service_notice"] is None


def test_several_townships_ask_for_one_and_forms_are_two(city: City):
    assert city.get("services.html").status_code == 404
    assert city.get("discovery.json").json["endpoints"][0]["formats"][0] == "text/xml"
    assert city.get("services.json", jurisdiction_id="x").status_code == 404
    assert city.get("services.json", jurisdiction_id=city.code).status_code == 200
    with transaction(city.engine) as session:
        county = session.scalar(text("SELECT id FROM area WHERE level = 'county'"))
        session.execute(text("INSERT INTO area (code, level, name, parent_id) VALUES ('999', 'township', '外', :c)"), {"c": county})  # fmt: skip
        other = session.scalar(text("SELECT id FROM area WHERE code = '999'"))
        session.add(Township(area_id=other, metric_srid=4549))
    answer = city.get("services.json")
    assert answer.status_code == 400 and "jurisdiction_id" in answer.text


def test_the_same_request_again_within_ten_minutes_is_the_same(city: City):
    first = city.post(description="灯不亮").json
    assert city.post(description="灯不亮").json == first, "no client id, the same words"
    assert city.post(description="灯又不亮").json != first
    with transaction(city.engine) as session:
        appointed(session, "dispatcher", city.code, name="app.again")
        other = add_token(session, "app.again", "x", ["handle_events"], days=1)[1]
    assert city.post(api_key=other, description="灯不亮").json != first, "a key is its sender's own"
    assert city.post(description="灯不亮", client_id="c9").json != first
    with transaction(city.engine) as session:
        session.execute(
            text(
                "UPDATE event SET reported_at = reported_at - interval '11 minutes', client_id = "
                "regexp_replace(client_id, '[0-9]+$', (split_part(client_id, ':', 5)::bigint - 1)::text) "
                "WHERE client_id LIKE '%:same:%'"
            )
        )
    later = city.post(description="灯不亮").json
    assert later != first, "it may be out again"
    assert city.post(description="灯不亮").json == later
