"""The JSON API: answers, failures as problem documents, and a document that names every route."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.core.errors import (
    AmbiguousAddress,
    Conflict,
    GisgridError,
    Invalid,
    NotFound,
    OutsideCoverage,
    StalePlan,
    StoreUnavailable,
)
from gisgrid.db.store import transaction
from gisgrid.db.tables import Township
from gisgrid.locate.addresses import aliases
from gisgrid.locate.addresses.gazetteer import index_addresses
from tests.support.factories import create_plan
from tests.support.web import Town, app_over, fill_town
from web.http.errors import PROBLEM_TYPE, problem_of, status_of, status_of_sqlstate
from web.http.routes import PUBLIC, RIGHT_OF

PROBLEM = PROBLEM_TYPE


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    return fill_town


@pytest.fixture
def town(made: Town) -> Town:
    return made


@pytest.fixture
def app(engine: Engine, town: Town) -> Flask:
    return app_over(engine, account=town.account)


@pytest.fixture
def client(app: Flask, town: Town) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client


def ask(client: FlaskClient, path: str, status: int = 200, **query: Any) -> Any:
    answer = client.get("/api/v1" + path, query_string=query)
    assert answer.status_code == status, answer.text
    return answer.json


def test_health_says_that_the_database_answers(client: FlaskClient):
    assert ask(client, "/health")["status"] == "ok"


def test_townships_and_plans(client: FlaskClient, town: Town):
    (township,) = ask(client, "/townships")["townships"]
    assert (township["code"], township["name"]) == ("999901001", "虚构镇")
    (plan,) = ask(client, "/plans")["plans"]
    assert plan["id"] == town.plan_id
    assert (plan["valid_from"], plan["valid_to"]) == ("2022-09-01", None)
    assert plan["grids"] == 48


def test_grids_have_counts_that_add_up_and_geometry_on_request(client: FlaskClient, town: Town):
    grids = ask(client, f"/plans/{town.plan_id}/grids")["grids"]
    assert sum(g["houses"] for g in grids) == 600
    assert sum(g["residents"] for g in grids) == 1200
    assert "geometry" not in grids[0]
    grids = ask(client, f"/plans/{town.plan_id}/grids", geometry="true")["grids"]
    assert {g["geometry"]["type"] for g in grids} == {"MultiPolygon"}


def test_a_grid_has_a_leader_and_no_telephone(client: FlaskClient, town: Town):
    grids = ask(client, f"/plans/{town.plan_id}/grids")["grids"]
    wanted = next(g for g in grids if g["kind"] == "exclusive" and g["open_events"])
    answer = client.get(f"/api/v1/grids/{wanted['code']}")
    card = answer.json
    for same in ("houses", "households", "residents", "events", "open_events", "name"):
        assert card[same] == wanted[same]
    assert (card["leader"], card["host"]) == ("测试网格长", "虚构中学")
    assert "13900000000" not in answer.text


def test_the_leader_is_that_of_the_day(client: FlaskClient, engine: Engine):
    with transaction(engine) as session:
        session.execute(
            text("UPDATE team_member SET during = daterange('2022-01-01','2022-10-01')")
        )
    code = "999901001001001"
    assert ask(client, f"/grids/{code}")["leader"] is None
    assert ask(client, f"/grids/{code}", as_of="2022-09-30")["leader"] == "测试网格长"
    assert ask(client, f"/grids/{code}", as_of="2022-10-01")["leader"] is None


def test_houses_and_events_say_their_grid(client: FlaskClient, town: Town, engine: Engine):
    with transaction(engine) as session:
        session.execute(text("UPDATE event SET text = '居民姓名'"))
        session.execute(text("DELETE FROM house_grid WHERE house_id = (SELECT min(id) FROM house)"))
    house = ask(client, f"/plans/{town.plan_id}/houses/1")
    assert house["address"] == "虚构镇虚构1路1号"
    assert house["grid_code"] is None
    assert ask(client, f"/plans/{town.plan_id}/houses/2")["grid_code"].startswith("999901001")
    event = client.get(f"/api/v1/plans/{town.plan_id}/events/3")
    assert event.json["matter"] == "市容环境"
    assert event.json["reported_at"] == "2023-05-01T01:00:00+00:00"
    assert event.json["closed_at"] is None
    assert "居民姓名" not in event.text


def test_the_summary_is_that_of_the_domain(client: FlaskClient):
    answer = ask(client, "/summary")
    assert answer["total"]["houses"] == 600
    assert sum(row["residents"] for row in answer["communities"]) == 1200
    assert len(answer["communities"]) == 9


def test_search_finds_grids_by_code_and_name_and_houses_by_address(client: FlaskClient):
    def labels(q: str, **more: Any) -> list[str]:
        return [hit["label"] for hit in ask(client, "/search", q=q, **more)["hits"]]

    assert labels("999901001005002") == ["中兴社区第2网格"]
    assert labels("虚构33路33号") == ["虚构镇虚构33路33号"]
    assert len(labels("虚构", limit=3)) == 3
    assert labels("%") == labels("_") == []
    assert labels("没有这样的地方") == []
    hit = ask(client, "/search", q="虚构33路33号")["hits"][0]
    assert 120.9 < hit["lon"] < 121 and 40.7 < hit["lat"] < 40.8


def test_search_forgives_slips_and_knows_aliases(client: FlaskClient, engine: Engine):
    with transaction(engine) as session:
        township = session.query(Township).one()
        index_addresses(session, township.area_id)
        spot = aliases.AliasEntry("老供销社后面", point=(120.905, 40.705))
        aliases.add(session, township.area_id, spot, who="test")
        house = aliases.AliasEntry("老张家", house="H33")
        aliases.add(session, township.area_id, house, who="test")

    def hits(q: str) -> list[dict[str, Any]]:
        return list(ask(client, "/search", q=q)["hits"])

    assert hits("虛構33路３３号")[0]["label"] == "虚构镇虚构33路33号"
    assert hits("老张家")[0]["label"] == "虚构镇虚构33路33号"
    assert hits("H33")[0]["code"] == "H33"
    (found,) = hits("老供銷社後面")
    assert (found["kind"], found["label"], found["lon"]) == ("spot", "老供销社后面", 120.905)
    assert hits("。" * 90) == hits("？") == []


def test_a_day_chooses_the_plan(client: FlaskClient, engine: Engine):
    with transaction(engine) as session:
        township = session.query(Township).one()
        old = create_plan(
            session,
            township,
            "a b",
            name="旧方案",
            validity=Range(date(2020, 1, 1), date(2022, 9, 1)),
        ).id
    assert ask(client, "/summary", as_of="2021-05-05")["plan"]["id"] == old
    assert ask(client, "/summary", plan=old)["plan"]["name"] == "旧方案"
    then = ask(client, "/summary", as_of="2022-08-31")["plan"]
    assert (then["id"], then["in_force"], then["last_day"]) == (old, "past", "2022-08-31")
    assert ask(client, "/summary", as_of="2022-09-01")["plan"]["in_force"] == "now"
    missing = ask(client, "/summary", 404, as_of="1999-01-01")
    assert missing["facts"]["from"] == "2020-01-01"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/nothing", 404),
        ("/api/nothing", 404),
        ("/api/v1/plans/99/grids", 404),
        ("/api/v1/plans/1/houses/999", 404),
        ("/api/v1/plans/1/events/999", 404),
        ("/api/v1/plans/99999999999999999999999/grids", 404),
        ("/api/v1/grids/none", 404),
        ("/api/v1/grids/a%00b", 422),
        ("/api/v1/summary?plan=0", 422),
        ("/api/v1/summary?plan=x", 422),
        ("/api/v1/summary?as_of=yesterday", 422),
        ("/api/v1/summary?township=x", 404),
        ("/api/v1/search", 422),
        ("/api/v1/search?q=", 422),
        ("/api/v1/search?q=x&limit=1000", 422),
        ("/api/v1/search?q=a%00b", 422),
    ],
)
def test_every_failure_is_a_problem_document(client: FlaskClient, path: str, status: int):
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.content_type == PROBLEM
    assert answer.json["status"] == status
    assert answer.json["title"] and answer.json["detail"]
    assert answer.json["instance"] == re.sub(r"\?.*", "", path).replace("%00", "\x00")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_wrong_method_names_the_right_ones(client: FlaskClient):
    answer = client.post("/api/v1/summary")
    assert (answer.status_code, answer.content_type) == (405, PROBLEM)
    assert "GET" in answer.headers["Allow"]


def test_a_wrong_parameter_is_named(client: FlaskClient):
    problem = ask(client, "/summary", 422, as_of="yesterday")
    assert list(problem["errors"]["query"]) == ["as_of"]


def test_problems_speak_the_language_asked_for(client: FlaskClient):
    zh = ask(client, "/grids/none", 404, lang="zh")
    assert zh["type"] == "urn:gisgrid:problem:not-found"
    assert zh["title"] == "没有找到" and "没有网格" in zh["detail"]
    en = ask(client, "/grids/none", 404, lang="en")
    assert en["title"] == "Not found" and "has no grid" in en["detail"]
    assert zh["facts"] == en["facts"] == {"plan_id": 1, "code": "none"}


def test_a_statement_that_takes_too_long_is_stopped_and_told(engine: Engine, town: Town):
    app = app_over(engine, statement_timeout_s=1)
    slow = "SELECT pg_sleep(60) IS NULL AS a, row_number() OVER () FROM plan"
    with transaction(engine) as session:
        session.execute(text("ALTER TABLE alembic_version RENAME TO real_version"))
        session.execute(
            text(f"CREATE VIEW alembic_version AS SELECT a::text AS version_num FROM ({slow}) AS s")
        )
        session.execute(text("GRANT SELECT ON alembic_version TO gisgrid_web"))
    answer = app.test_client().get("/api/v1/health")
    assert (answer.status_code, answer.content_type) == (503, PROBLEM)
    assert answer.json["facts"] == {"sqlstate": "57014"}


def test_an_unforeseen_failure_tells_nothing(
    app: Flask, caplog: Any, monkeypatch: pytest.MonkeyPatch
):
    for endpoint in ("broken", "broken_page"):
        monkeypatch.setitem(RIGHT_OF, endpoint, PUBLIC)

    @app.get("/api/v1/broken")
    def broken() -> str:
        raise RuntimeError("canary 张三 210000199001011234")

    @app.get("/broken")
    def broken_page() -> str:
        raise RuntimeError("canary 张三 210000199001011234")

    for path, kind in (("/api/v1/broken", PROBLEM), ("/broken", "text/html; charset=utf-8")):
        answer = app.test_client().get(path)
        assert (answer.status_code, answer.content_type) == (500, kind)
        assert "canary" not in answer.text
    assert "RuntimeError" in caplog.text
    assert "canary" not in caplog.text


def test_a_database_failure_never_quotes_rows(app: Flask, engine: Engine, town: Town):
    with engine.connect() as connection, pytest.raises(DBAPIError) as caught:
        connection.execute(
            text(
                "INSERT INTO area (code, level, name, geom) SELECT code, level, name, geom FROM area"
            )
        )
    with app.test_request_context("/api/v1/x"):
        problem = problem_of(caught.value)
    assert (problem.status, problem.facts) == (409, {"sqlstate": "23505"})
    assert "999901" in str(caught.value)
    assert "999901" not in str(problem)


def test_a_store_that_does_not_answer_is_told_apart():
    nowhere = create_engine("postgresql+psycopg://x@/x?host=/nonexistent-folder")
    answer = app_over(nowhere).test_client().get("/api/v1/health")
    assert (answer.status_code, answer.content_type) == (503, PROBLEM)
    assert "nonexistent" not in answer.text


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Invalid, 422),
        (AmbiguousAddress, 422),
        (NotFound, 404),
        (OutsideCoverage, 404),
        (Conflict, 409),
        (StalePlan, 409),
        (StoreUnavailable, 503),
        (GisgridError, 400),
    ],
)
def test_each_fact_has_its_status(error: type[GisgridError], status: int):
    assert status_of(error("x")) == status


def test_sqlstates_have_a_status_by_code_then_by_class():
    assert [status_of_sqlstate(s) for s in ("42501", "40001", "23505", "22P02", "08006")] == [
        403, 409, 409, 422, 503,
    ]  # fmt: skip
    assert status_of_sqlstate("42601") == 500


def test_the_document_names_every_route_of_the_api(client: FlaskClient, app: Flask):
    document = ask(client, "/openapi.json")
    assert document["openapi"].startswith("3.1")
    routes = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api") and rule.endpoint != "api-docs.openapi_json"
    }
    assert routes
    ours = {path: ways for path, ways in document["paths"].items() if path.startswith("/api")}
    assert set(ours) == routes
    for path, methods in ours.items():
        assert methods["get"]["summary"], path
        assert "200" in methods["get"]["responses"], path


def test_the_documents_failures_are_problem_documents(client: FlaskClient):
    document = ask(client, "/openapi.json")
    schema = document["components"]["schemas"]["ProblemDocument"]
    assert set(schema["required"]) == {"type", "title", "status", "detail", "instance"}
    for response in document["components"]["responses"].values():
        assert list(response["content"]) == [PROBLEM]


def test_answers_have_the_shape_the_document_promises(client: FlaskClient, town: Town):
    schemas = ask(client, "/openapi.json")["components"]["schemas"]
    paths = {
        "Grids": f"/plans/{town.plan_id}/grids",
        "GridCard": "/grids/999901001001001",
        "Summary": "/summary",
        "Hits": "/search",
        "Plans": "/plans",
        "Townships": "/townships",
        "HouseCard": f"/plans/{town.plan_id}/houses/1",
        "EventCard": f"/plans/{town.plan_id}/events/1",
        "Health": "/health",
    }
    for name, path in paths.items():
        answer = ask(client, path, **({"q": "虚构"} if name == "Hits" else {}))
        assert set(schemas[name]["required"]) <= set(answer) <= set(schemas[name]["properties"])


def test_reading_requests_cannot_write(app: Flask, town: Town):
    from web.http.db import reading

    with app.app_context(), reading() as session, pytest.raises(DBAPIError) as caught:
        session.execute(text("DELETE FROM event"))
    assert caught.value.orig.sqlstate == "25006"
