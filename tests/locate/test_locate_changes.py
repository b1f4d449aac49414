"""Plans are published, leaders replaced, connections cut: no answer is ever under an old plan."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from gisgrid.core import plans
from gisgrid.db.store import transaction
from gisgrid.planning.overview import summary
from gisgrid.planning.overview.counting import FIELDS, count_under
from gisgrid.planning.review.publish import publish
from tests.support.lookups import INSIDE, ask, refused, snapshots_of
from tests.support.waiting import eventually
from tests.support.web import app_over


def branch(session: Any, day: date) -> int:
    """Publish a copy of the plan in which two grids of a community have changed places."""
    old = plans.plan_in_force(session, plans.township(session).id)
    new = session.scalar(
        text(
            "INSERT INTO plan (township_id, name, state, based_on_id) "
            "VALUES (:t, '新方案', 'draft', :old) RETURNING id"
        ),
        {"t": old.township_id, "old": old.id},
    )
    session.execute(
        text(
            "INSERT INTO grid (plan_id, code, name, kind, host, community_id, geom) "
            "SELECT :new, code, '新' || name, kind, host, community_id, geom FROM grid "
            "WHERE plan_id = :old"
        ),
        {"new": new, "old": old.id},
    )
    publish(session, new, day)
    return int(new)


@pytest.mark.parametrize("listening", [True, False])
def test_an_answer_is_never_under_an_old_plan(
    own_town: Engine, listening: bool, monkeypatch: pytest.MonkeyPatch
):
    app = app_over(own_town)
    held = snapshots_of(app)
    if not listening:
        # A listener that never gets a connection: each request asks which plan is published.
        monkeypatch.setattr(held._listener, "_listen", held._listener._stop.wait)
    try:
        client = app.test_client()
        before = ask(client, lon=INSIDE[0], lat=INSIDE[1])
        assert not listening or eventually(lambda: held._listener.listening)
        with transaction(own_town) as session:
            new = branch(session, datetime.now(UTC).date() - timedelta(days=1))

        def swapped() -> bool:
            answer = ask(client, lon=INSIDE[0], lat=INSIDE[1])
            return bool(answer["plan"]["id"] == new and answer["grid"]["name"].startswith("新"))

        if listening:
            assert eventually(swapped)
        else:
            assert swapped()
        old = ask(client, lon=INSIDE[0], lat=INSIDE[1], as_of="2023-01-01")
        assert old["plan"]["id"] == before["plan"]["id"]
        assert old["grid"] == before["grid"]
        by_id = ask(client, lon=INSIDE[0], lat=INSIDE[1], plan=before["plan"]["id"])
        assert (by_id["grid"], by_id["border_m"]) == (
            before["grid"],
            pytest.approx(before["border_m"], rel=2e-3),
        )
    finally:
        held.close()


def test_a_new_leader_and_a_new_house_are_told_soon(
    own_town: Engine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("web.lookup.snapshots.HOUSES_EVERY_S", 0.05)
    app = app_over(own_town)
    try:
        client = app.test_client()
        answer = ask(client, lon=INSIDE[0], lat=INSIDE[1])
        assert eventually(lambda: snapshots_of(app)._listener.listening)
        with transaction(own_town) as session:
            session.execute(
                text("UPDATE staff SET name = '新网格长' WHERE name = :name"),
                {"name": answer["leader"]},
            )
            session.execute(
                text(
                    "INSERT INTO house (township_id, code, address, geom) SELECT township_id, "
                    "'NEW', '新建房屋', ST_SetSRID(ST_MakePoint(120.89, 40.70), 4326) FROM plan"
                )
            )
        assert eventually(lambda: ask(client, lon=INSIDE[0], lat=INSIDE[1])["leader"] == "新网格长")
        assert eventually(
            lambda: (
                (ask(client, lon=INSIDE[0], lat=INSIDE[1])["nearest"] or {}).get("code") == "NEW"
            )
        )
    finally:
        snapshots_of(app).close()


def test_the_listener_comes_back_after_its_connection_is_cut(own_town: Engine):
    app = app_over(own_town)
    held = snapshots_of(app)
    try:
        client = app.test_client()
        ask(client, lon=INSIDE[0], lat=INSIDE[1])
        assert eventually(lambda: held._listener.listening)
        news = held._news
        with transaction(own_town) as session:
            session.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'gisgrid listener' AND datname = current_database()"
                )
            )
        assert eventually(lambda: held._listener.listening and held._news > news)
        assert ask(client, lon=INSIDE[0], lat=INSIDE[1])["grid"]["code"]
    finally:
        held.close()


def test_an_empty_store_says_that_there_is_no_plan(engine: Engine):
    app = app_over(engine)
    try:
        snapshots_of(app).start()
        problem = refused(app.test_client(), 404, lon=1, lat=1)
        assert "No plan has been published yet" in problem["detail"]
        assert app.test_client().get("/lookup").status_code == 404
    finally:
        snapshots_of(app).close()


def test_the_totals_are_equal_in_every_view_and_under_every_plan(own_town: Engine):
    with transaction(own_town) as session:
        first = plans.plan_in_force(session, plans.township(session).id)
        draft = session.scalar(
            text(
                "INSERT INTO plan (township_id, name, state) VALUES (:t, 'half', 'draft') "
                "RETURNING id"
            ),
            {"t": first.township_id},
        )
        session.execute(
            text(
                "INSERT INTO grid (plan_id, code, name, kind, community_id, geom) "
                "SELECT :new, code, name, kind, community_id, geom FROM grid WHERE plan_id = :old "
                "AND right(code, 1) IN ('1', '3')"
            ),
            {"new": draft, "old": first.id},
        )
    with transaction(own_town) as session:
        stored = {
            table: session.scalar(text(f"SELECT count(*) FROM {table}"))
            for table in ("house", "household", "resident", "event")
        }
        whole = summary.by_community(session, first.id).total
        one = count_under(session, first)
        two = count_under(session, plans.plan_by_id(session, draft))
        session.rollback()
    for counted in (one, two):
        assert [getattr(counted.total, f) for f in FIELDS] == list(stored.values())
        for field in FIELDS:
            parts = sum(getattr(g, field) for g in counted.grids)
            assert parts + getattr(counted.elsewhere, field) == getattr(counted.total, field)
            assert getattr(counted.elsewhere, field) >= 0
    assert [getattr(whole, f) for f in FIELDS] == list(stored.values())
    assert two.elsewhere.residents > one.elsewhere.residents
    # Counting wrote nothing.
    with transaction(own_town) as session:
        left = session.scalar(
            text("SELECT count(*) FROM house_grid WHERE plan_id = :p"), {"p": draft}
        )
    assert left == 0
    client = app_over(own_town).test_client()
    told = client.get("/api/v1/summary").get_json()["total"]
    assert [told[f] for f in FIELDS] == list(stored.values())
