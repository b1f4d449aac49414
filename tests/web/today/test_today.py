"""Today: each number is that of the list it leads to, recounted there, and is the asker's own."""

from __future__ import annotations

import html
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cases.bulk import open_loaded
from gisgrid.cases.today import Load, cases_now, overloaded
from gisgrid.core.plans import township
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.people.privacy.audit import note
from tests.support.accounts import appointed
from tests.support.database import own_database
from tests.support.web import app_over, fill_town, session_cookie
from web.today.cards import town_cases

TOWNSHIP, COMMUNITY, COUNTY = "999901001", "999901001001", "999901"
GRID = "999901001001001"
# A third of the events is open: the 30 whose number is a multiple of three.
WAITING = """
UPDATE event SET due_at = now() - interval '1 day' WHERE substr(code, 2)::int % 9 = 0;
UPDATE event SET due_at = now() + interval '9 days' WHERE substr(code, 2)::int % 9 = 3;
UPDATE event SET reported_at = now() - interval '1 day' * (ARRAY[0, 2, 5, 12, 29, 40, 60, 83, 90, 200])[1 + substr(code, 2)::int / 9]
WHERE substr(code, 2)::int % 9 = 3;
DELETE FROM event_grid USING event e WHERE e.id = event_id AND e.code IN ('E3', 'E6', 'E12');
UPDATE household SET verified_on = current_date WHERE id % 2 = 0;
INSERT INTO visit (township_id, code, house_id, visited_on)
SELECT township_id, 'V' || id, id, current_date FROM house WHERE id % 5 = 0;
DELETE FROM resident WHERE household_id IN (7, 8, 9);
DELETE FROM household WHERE id IN (7, 8, 9);
UPDATE account SET staff_id = (SELECT min(id) FROM staff) WHERE name = 'grid_leader';
UPDATE account SET tf_primary_method = 'authenticator' WHERE name IN ('planner', 'dispatcher');
INSERT INTO plan (township_id, name, state, based_on_id)
SELECT township_id, word, made.state, id FROM plan, (VALUES ('草稿一', 'draft'), ('草稿二', 'draft'),
    ('退回的', 'returned'), ('待审的', 'in_review'), ('已通知的', 'notified')) AS made (word, state) WHERE validity IS NOT NULL;
INSERT INTO plan_step (plan_id, from_state, to_state, who, reason)
SELECT id, 'in_review', 'returned', '测审核', '边界不清' FROM plan WHERE state = 'returned';
INSERT INTO register_entry (township_id, house_id, kind, account_id, who, state)
SELECT h.township_id, h.id, 'household_in', a.id, '测试', 'waiting' FROM house h, account a
WHERE a.name = 'grid_leader' AND h.id % 4 = 0;
INSERT INTO correction_request (township_id, table_name, row_id, column_name, proposed, asked_by)
SELECT h.township_id, 'household', f.id, 'room', '2', '测试' FROM household f JOIN house h ON h.id = f.house_id;
INSERT INTO subject_request (township_id, resident_id, noted_by, due_on)
SELECT r.township_id, r.id, '测', current_date + CASE WHEN r.id = (SELECT min(id) FROM resident) THEN -1 ELSE 9 END
FROM (SELECT * FROM resident ORDER BY id LIMIT 3) r;
INSERT INTO document (township_id, code, title, roles) SELECT area_id, 'D1', '测试通知', '{}' FROM township;
INSERT INTO document_version (document_id, number, file_name, media_type, content, sha256, issued_on, issued_by)
SELECT id, 1, 'a.txt', 'text/plain', 'a', repeat('a', 64), current_date, 'test' FROM document
"""


def waiting_town(session: Session) -> None:
    town = fill_town(session, columns=3, rows=3, houses=40, events=90)
    for role, where in {
        "dispatcher": {"area": TOWNSHIP},
        "township_government": {"area": TOWNSHIP},
        "community_clerk": {"area": COMMUNITY},
        "section_cadre": {"area": COMMUNITY},
        "grid_leader": {"area": TOWNSHIP, "grid": GRID},
        "planner": {"area": TOWNSHIP},
        "county_reviewer": {"area": COUNTY},
        "administrator": {"area": TOWNSHIP},
        "resident": {"area": COMMUNITY},
    }.items():
        appointed(session, role, name=role, **where)
    for statement in WAITING.split(";\n"):
        session.execute(text(statement))
    open_loaded(session, town.township_id)


@pytest.fixture(scope="module")
def town(cluster: Cluster, template: str) -> Iterator[tuple[Engine, Flask]]:
    with own_database(cluster, template, "today") as engine:
        with transaction(engine) as session:
            waiting_town(session)
        app = app_over(engine)
        yield engine, app
        app.extensions["gisgrid.snapshots"].close()


def enter(town: tuple[Engine, Flask], name: str) -> FlaskClient:
    engine, app = town
    with engine.connect() as connection:
        account = connection.scalar(text("SELECT id FROM account WHERE name = :n"), {"n": name})
    client = app.test_client()
    cookie, _, value = session_cookie(app, engine, account).partition("=")
    client.set_cookie(cookie, value)
    return client


def cards(page: str) -> dict[str, tuple[str, str | None]]:
    """Number and address of each card, by its key."""
    found = {}
    for piece in re.split(r'data-card="', page)[1:]:
        key = piece.split('"')[0]
        number = re.search(r'class="card-number">([^<]*)<', piece)[1]
        link = re.search(r'<a href="([^"]*)"', piece.split("card-number")[0])
        found[key] = (number, html.unescape(link[1]) if link else None)
    return found


def rows_of(client: FlaskClient, url: str) -> int:
    """How many rows the list behind an address has, as its page or, of the board, its data says."""
    if url.startswith("/dispatch?"):
        return client.get(f"/api/v1/cases?{url.partition('?')[2]}").json["total"]
    page = client.get(url).text
    if url.startswith("/cases/mine"):
        return page.count('<li class="clock')
    if url.startswith("/notices"):
        return page.count('<section class="box clock')
    if url.startswith("/documents"):
        return page.count("<strong>测试通知")
    return page.split("<tbody>")[1].split("</tbody>")[0].count("<tr")


@pytest.mark.parametrize(
    "name", ["dispatcher", "township_government", "community_clerk", "grid_leader"]
)
def test_each_number_is_that_of_the_list_it_leads_to(town: tuple[Engine, Flask], name: str):
    client = enter(town, name)
    shown = cards(client.get("/").text)
    counted = {key: (int(n), url) for key, (n, url) in shown.items() if n.isdecimal() and url}
    recounted = {
        key: rows_of(client, url)
        for key, (_, url) in counted.items()
        if key not in ("emergencies", "team")
    }
    assert recounted == {key: n for key, (n, _) in counted.items() if key in recounted}
    if name in ("dispatcher", "township_government"):
        # As the town was made: of 30 open cases ten are late, and three lie in no grid.
        assert (recounted["late"], recounted["no_grid"]) == (10, 3)
    if name != "dispatcher":
        assert recounted["visits"] > 0 and recounted["stale"] > 0


@pytest.mark.parametrize(
    ("role", "steps"),
    [
        ("dispatcher", ["File them", "Send them out", "Check and close"]),
        ("coordinator", ["File them", "Send them out", "Check and close"]),
        ("grid_leader", ["See them"] * 3),
        ("section_cadre", ["See them"] * 3),
        ("township_government", ["See them"] * 3),
    ],
)
def test_a_next_step_is_promised_to_who_may_take_it(
    town: tuple[Engine, Flask], role: str, steps: list[str]
):
    """As the usual flow has it, whose file is read here without the program."""
    source = (files("gisgrid.cases") / "flows" / "normal.toml").read_text("utf-8")
    who = {step["means"]: step["who"] for step in tomllib.loads(source)["steps"]}
    assert [role in who[each] for each in ("file", "assign", "close")] == [
        step != "See them" for step in steps
    ]
    engine, app = town
    with app.test_request_context("/?lang=en"), transaction(engine) as session:
        now, place = datetime.now(UTC), township(session)
        counted = cases_now(session, place.id, now)
        found = town_cases(session, place, now, counted, sends=True, roles=[role])
    shown = {card.key: card.step for card in found}
    assert [shown[key] for key in ("to_file", "to_send", "to_check")] == steps


def test_who_reviews_plans_is_offered_no_form_that_draws(town: tuple[Engine, Flask]):
    planner = enter(town, "planner").get("/plan/?lang=en").text
    reviewer = enter(town, "county_reviewer").get("/plan/?lang=en").text
    for words in ("Drawn from scratch", "New scenario", "From a file", "Rename"):
        assert words in planner and words not in reviewer
    assert "草稿" in planner and "待审的" in reviewer


def test_a_community_sees_its_own_numbers_and_no_other(town: tuple[Engine, Flask]):
    whole = cards(enter(town, "township_government").get("/").text)
    own = cards(enter(town, "community_clerk").get("/").text)
    with town[0].connect() as connection:
        late = connection.scalar(
            text(
                "SELECT count(*) FROM event e JOIN event_grid a ON a.event_id = e.id JOIN grid g ON g.id = a.grid_id "
                "JOIN area c ON c.id = g.community_id WHERE c.code = :c AND e.closed_at IS NULL AND e.due_at < now()"
            ),
            {"c": COMMUNITY},
        )
    assert int(own["late"][0]) == late < int(whole["late"][0])
    assert "to_send" in whole and "to_send" not in own, "sending is the dispatcher's"


def charts(page: str) -> dict[str, list[tuple[str, int]]]:
    """Bars of each chart by its key, as its table has them; drawn and told aloud they are the same."""
    found = {}
    for piece in re.split(r'data-chart="', page)[1:]:
        table = piece.split("<tbody>")[1].split("</tbody>")[0]
        rows = re.findall(r'<th scope="row">([^<]*)</th><td class="n">(\d+)</td>', table)
        bars = re.findall(r"<span>([^<]*)</span><svg.*?</svg><b>(\d+)</b>", piece)
        aloud = re.search(r'role="img" aria-label="[^"]*?: ([^"]*)"', piece)[1]
        assert bars == rows and aloud == ", ".join(f"{name} {n}" for name, n in rows)
        found[piece.split('"')[0]] = [(name, int(n)) for name, n in rows]
    return found


@pytest.mark.parametrize("name", ["township_government", "section_cadre"])
def test_the_charts_have_the_numbers_of_the_store(town: tuple[Engine, Flask], name: str):
    """Counted again from the rows and from where their points lie, as no chart counts them."""
    shown = charts(enter(town, name).get("/?lang=en").text)
    with town[0].connect() as connection:
        events = connection.execute(
            text(
                "SELECT e.code, e.reported_at, e.closed_at IS NULL AS open, a.name_en AS name, a.code AS community "
                "FROM event e JOIN area a ON a.level = 'community' AND ST_Covers(a.geom, e.geom)"
            )
        ).all()
    # Without a grid they are nobody's, and only the whole town sees them.
    lost = [e for e in events if e.code in ("E3", "E6", "E12")]
    assert len(lost) == 3 and len(events) >= 90
    own = [e for e in events if e not in lost and e.community == COMMUNITY]
    seen = events if name == "township_government" else own
    now = datetime.now(UTC)
    ages = [(now - e.reported_at).total_seconds() / 86400 for e in seen if e.open]
    spans = [(-1, 3), (3, 7), (7, 30), (30, 99999)]
    assert [n for _, n in shown["ages"]] == [sum(a < age <= b for age in ages) for a, b in spans]
    words = ["up to 3 days", "3 to 7 days", "7 to 30 days", "more than 30 days"]
    assert [span for span, _ in shown["ages"]] == words
    by_name = Counter(e.name for e in seen if e.open and e not in lost)
    assert dict(shown["communities"]) == by_name
    numbers = [n for _, n in shown["communities"]]
    assert numbers == sorted(numbers, reverse=True)
    zone = ZoneInfo("Asia/Shanghai")
    first = now.astimezone(zone).date() - timedelta(days=83)
    days = [(e.reported_at.astimezone(zone).date() - first).days for e in seen]
    weeks = Counter(day // 7 for day in days if 0 <= day < 84)
    assert shown["weeks"] == [
        (f"{first + timedelta(days=7 * k):%m-%d}", weeks[k]) for k in range(12)
    ]
    if name == "township_government":
        assert sum(weeks.values()) >= 7 and all(n for _, n in shown["ages"])


def test_the_register_is_counted_by_house(town: tuple[Engine, Flask]):
    shown = cards(enter(town, "township_government").get("/").text)
    assert shown["complete"][0] == "37 / 40"
    with town[0].connect() as connection:
        late = connection.scalar(
            text(
                "SELECT count(DISTINCT f.house_id) FROM household f WHERE f.verified_on IS NULL "
                "AND NOT EXISTS (SELECT FROM visit v WHERE v.house_id = f.house_id)"
            )
        )
    assert int(shown["visits"][0]) == late > 0


def test_plans_wait_for_who_draws_and_for_who_reviews(town: tuple[Engine, Flask]):
    client = enter(town, "planner")
    page = client.get("/?lang=en").text
    shown = cards(page)
    assert {key: shown[key][0] for key in ("drafts", "returned", "in_review", "approved")} == {
        "drafts": "2", "returned": "1", "in_review": "1", "approved": "1",
    }  # fmt: skip
    assert "returned because: 边界不清" in page
    assert page.count("草稿") >= 2
    # Every grid has a leader alone: all are short of members, and the page behind says which.
    listed = client.get(shown["lacking"][1]).text
    assert int(shown["lacking"][0]) == 9
    assert all(f"99990100100{n}" in listed for n in (1, 5, 9))
    # Where nobody is registered, nobody knows: that is no clean bill.
    with town[0].begin() as connection:
        connection.execute(text("CREATE TABLE set_aside AS SELECT * FROM team_member"))
        connection.execute(text("DELETE FROM team_member"))
    try:
        page = client.get("/?lang=en").text
        card = page.split('data-card="lacking"')[1].split("</section>")[0]
        assert cards(page)["lacking"][0] == "not known" and "no staff is recorded" in card
        listed = (
            client.get(shown["lacking"][1] + "&lang=zh").text
            if "?" in shown["lacking"][1]
            else client.get(shown["lacking"][1] + "?lang=zh").text
        )
        assert "尚不清楚各网格由谁负责" in listed and "每个网格都有人" not in listed
    finally:
        with town[0].begin() as connection:
            names = "township_id, staff_id, grid_code, role, during, run_id"
            connection.execute(
                text(f"INSERT INTO team_member ({names}) SELECT {names} FROM set_aside")
            )
            connection.execute(text("DROP TABLE set_aside"))
    reviewer = cards(enter(town, "county_reviewer").get("/").text)
    assert reviewer["in_review"][0] == "1" and "drafts" not in reviewer


def test_who_looks_over_a_ground_sees_which_plans_come(town: tuple[Engine, Flask]):
    for name in ("township_government", "community_clerk"):
        page = enter(town, name).get("/?lang=en").text
        card = page.split('data-card="plans_to_come"')[1].split("</section>")[0]
        assert ">2<" in card and "草稿" not in card and "退回的" not in card
        assert card.index("已通知的") < card.index("待审的")
        assert "it is published next" in card and "the county reviews it" in card
    assert "plans_to_come" not in cards(enter(town, "planner").get("/").text)


def test_who_answers_people_sees_how_many_ask_and_who_waits_too_long(town: tuple[Engine, Flask]):
    page = enter(town, "township_government").get("/?lang=en").text
    card = page.split('data-card="subjects"')[1].split("</section>")[0]
    assert ">3<" in card and "overdue: 1" in card and "the first is due on" in card
    assert "subjects" not in cards(enter(town, "community_clerk").get("/").text)


def test_the_administrator_is_told_who_has_no_second_factor(town: tuple[Engine, Flask]):
    shown = cards(enter(town, "administrator").get("/").text)
    with town[0].connect() as connection:
        accounts = connection.scalar(text("SELECT count(*) FROM account WHERE active"))
        # The county's reviewer has no post in the township, and is none of its administrator's.
        beyond = connection.scalar(
            text("SELECT count(*) FROM account WHERE name = 'county_reviewer'")
        )
    assert int(shown["no_second_factor"][0]) == accounts - 2 - beyond
    client = enter(town, "administrator")
    assert rows_of(client, shown["no_second_factor"][1]) == int(shown["no_second_factor"][0])
    assert {"disk", "version"} <= set(shown)


def test_the_auditor_is_told_what_was_opened_and_that_the_chain_holds(
    town: tuple[Engine, Flask],
):
    engine, _ = town
    with transaction(engine) as session:
        auditor = appointed(session, "auditor", name="auditor")
        session.execute(
            text("UPDATE appointment SET area_id = NULL WHERE account_id = :a"), {"a": auditor}
        )
        note(session, "unmask", "resident", 1)
        note(session, "unmask", "resident", 2)
        note(session, "appoint", "account", 1)
    client = enter(town, "auditor")
    shown = cards(client.get("/?lang=en").text)
    assert (shown["opened"][0], shown["chain"][0]) == ("2", "unbroken")
    assert shown["chain"][1] == "/office/audit?verify=1"
    assert rows_of(client, shown["opened"][1]) == 2, "and not who was appointed"
    with transaction(engine) as session:
        appointed(session, "auditor", TOWNSHIP, name="auditor.town")
    assert cards(enter(town, "auditor.town").get("/?lang=en").text)["chain"][0] == "unbroken"
    with transaction(engine) as session:
        session.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER USER"))
        session.execute(text("UPDATE audit_entry SET subject = 'house' WHERE id = 2"))
        session.execute(text("ALTER TABLE audit_entry ENABLE TRIGGER USER"))
    for name in ("auditor", "auditor.town"):
        assert cards(enter(town, name).get("/?lang=en").text)["chain"][0] == "broken at entry 2"


def test_who_lives_here_is_shown_what_everybody_may_do(town: tuple[Engine, Flask]):
    page = enter(town, "resident").get("/?lang=en").text
    assert 'href="/report"' in page and "Follow it by its code" in page
    # Whoever has logged in hears what is told to them.
    assert 'data-stream="/messages/stream"' in page


def test_a_page_that_does_not_exist_knows_who_asks(town: tuple[Engine, Flask]):
    page = enter(town, "dispatcher").get("/nothing?lang=en")
    assert page.status_code == 404
    assert "Log out" in page.text and ">Log in<" not in page.text
    assert ">Log in<" in town[1].test_client().get("/nothing?lang=en").text


def test_without_log_in_the_start_tells_the_plan_and_the_ways(town: tuple[Engine, Flask]):
    page = town[1].test_client().get("/?lang=en").text
    assert "The plan 2022年方案 is in force since 2022-09-01." in page
    for way in ("/report", "/lookup", "/map", "/account/login"):
        assert f'href="{way}' in page, way


@pytest.mark.parametrize("query", ["plan=1", "as_of=2023-01-01"])
def test_an_address_of_the_map_that_was_kept_leads_there(town: tuple[Engine, Flask], query: str):
    answer = town[1].test_client().get(f"/?{query}&lang=en")
    assert (answer.status_code, answer.location) == (302, f"/map?{query}&lang=en")


@pytest.mark.parametrize(
    ("words", "leads"),
    [
        (GRID, f"/map#grid={GRID}"),
        ("40.7021652, 120.8894269", "/lookup?address=40.7021652,+120.8894269"),
        ("虚构3路3号", "/lookup?address="),
        ("ABCD2-3456Z", "/report/ABCD2-3456Z"),
        ("没有这样的东西", "/lookup?address="),
    ],
)
def test_the_search_field_opens_the_page_that_is_meant(
    town: tuple[Engine, Flask], words: str, leads: str
):
    answer = town[1].test_client().get("/find", query_string={"q": words})
    assert answer.status_code == 303
    assert answer.location.startswith(leads)


def test_a_case_is_found_by_its_code_by_who_may_see_it(town: tuple[Engine, Flask]):
    seen = enter(town, "dispatcher").get("/find?q=e3")
    assert re.fullmatch(r"/cases/\d+", seen.location)
    assert "E3" in enter(town, "dispatcher").get(seen.location).text
    assert enter(town, "planner").get("/find?q=e3").location.startswith("/lookup?")
    # Outside one's own ground there is no such case.
    assert enter(town, "grid_leader").get("/find?q=e3").location.startswith("/lookup?")


def test_several_that_are_meant_are_listed(town: tuple[Engine, Flask]):
    page = enter(town, "dispatcher").get("/find?q=第1网格&lang=en").text
    assert page.count("/map#grid=") + page.count("/map?township=") >= 9
    assert "Look up “第1网格”" in page


def test_who_leads_sees_who_has_far_more_than_the_others():
    def load(n: int, staff: int) -> Load:
        return Load(staff, "测*", "worker", GRID, n, 0)

    loads = [load(9, 1), load(1, 2), load(2, 3)]
    assert overloaded(loads) == [loads[0]]
    assert overloaded([load(2, 1), load(0, 2), load(0, 3)]) == [], "two cases are no burden"
    assert overloaded([]) == []


def test_how_the_pages_are_set_is_kept(town: tuple[Engine, Flask]):
    client = enter(town, "grid_leader")
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/me").text)[1]
    form = {"csrf_token": token, "text_size": "2", "density": "desk"}
    assert client.post("/display", data=form).location == "/me"
    page = client.get("/").text
    assert 'data-density="desk" data-size="2"' in page
    client.post("/display", data={**form, "text_size": "9", "density": "x"})
    assert 'data-density="desk" data-size="2"' in client.get("/").text, "what is none is not kept"
    # In the account: another device has it, too, and nobody else does.
    assert 'data-density="desk" data-size="2"' in enter(town, "grid_leader").get("/").text
    assert 'data-density="auto" data-size="0"' in enter(town, "dispatcher").get("/").text


def test_months_and_weeks_are_counted_from_the_days_of_report(session: Session):
    from gisgrid.cases.today import months, reported_by_week

    made = fill_town(session, columns=3, rows=3, houses=10, events=30)
    # Figures are of minor items.
    session.execute(
        text(
            "INSERT INTO matter (list_id, code, name, parent_id) "
            "SELECT list_id, '0101', '暴露垃圾', id FROM matter"
        )
    )
    session.execute(text("UPDATE event SET matter_id = (SELECT max(id) FROM matter)"))
    session.execute(
        text("UPDATE event SET reported_at = '2023-04-10 01:00Z' WHERE substr(code, 2)::int <= 12")
    )
    weeks = reported_by_week(session, made.township_id, date(2023, 5, 1))
    assert len(weeks) == 12 and weeks[-1] == (date(2023, 4, 25), 18)
    assert dict(weeks)[date(2023, 4, 4)] == 12 and sum(n for _, n in weeks) == 30
    open_loaded(session, made.township_id)
    found = months(session, made.township_id, date(2023, 5, 15), datetime(2023, 5, 15, tzinfo=UTC))
    assert found.now and found.before
    assert (found.now.counts["received"], found.before.counts["received"]) == (18, 12)
    assert (
        months(session, made.township_id, date(2023, 5, 5), datetime(2023, 5, 5, tzinfo=UTC)).before
        is None
    )
