"""Houses that are new, gone, split or joined at the door: what counts, what follows, and what stays known."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core import plans
from gisgrid.db.store import transaction
from gisgrid.locate.addresses.search import search
from gisgrid.people.appointments import appoint
from gisgrid.planning.attach.attach import attach
from gisgrid.planning.overview.cards import grid_card
from tests.support.accounts import LONG_AGO, acting, refused, web_engine
from tests.support.door import GRID, OTHER_GRID, Door, token
from tests.support.door_houses import add, spot, stand
from tests.support.town_f import load_kind, write
from tests.support.web import Town

TOWNSHIP = GRID[:9]
EXCLUSIVE = f"{GRID[:-3]}901"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    return stand


@pytest.fixture
def door(engine: Engine, made: Town) -> Door:
    return Door(engine)


def counted_again(door: Door) -> dict[str, int]:
    """Every count of houses of the grid, by each road; all must say the same."""
    with transaction(door.engine) as session:
        plan = plans.plan_in_force(session, plans.township(session).id)
        card = grid_card(session, plan.id, GRID)
        attached = session.scalar(
            text(
                "SELECT count(*) FROM house_grid a JOIN grid g ON g.id = a.grid_id "
                "WHERE a.plan_id = :p AND g.code = :g"
            ),
            {"p": plan.id, "g": GRID},
        )
        afresh = attach(session, plan.id, "house").attached
        session.rollback()
    page = door.people["colleague"].get(f"/register/grid/{GRID}").text
    listed = len(re.findall(r'data-head="地址"', page))
    assert card.houses == attached == listed, (card, attached, listed)
    return {"grid": listed, "town": int(afresh)}


def test_a_new_house_waits_for_the_clerk_and_then_every_count_has_it(door: Door):
    before = counted_again(door)
    place = spot(door)
    page = add(door, address="测试新街 7号", **place)
    assert page.status_code == 200 and "等社区工作者核对" in page.text, page.text[:2000]
    assert counted_again(door) == before, "nothing counts yet"
    waits = door.people["clerk"].get("/register/changes").text
    shown = re.search(r'<tr id="entry-.*?</tr>', waits, re.S)[0]
    assert (
        "测试新街 7号" in shown
        and "漏登的房屋" in shown
        and "户档中没有" in shown
        and f"{float(place['lon']):.6f}" in shown
    ), shown
    assert "测试新街" not in door.people["stranger"].get("/register").text
    assert "已同意 1 条" in door.decide("clerk", door.last()).text
    house = door.one("SELECT id FROM house WHERE address = '测试新街 7号'")
    assert counted_again(door) == {"grid": before["grid"] + 1, "town": before["town"] + 1}
    seen = door.people["worker"].get(f"/register/house/{house}").text
    assert "本房尚无户档" in seen or "尚无户档" in seen
    assert re.search(r'data-source="house.address">.*?测试grid_worker 入户登记', seen, re.S), (
        "since when and from whom"
    )
    with transaction(door.engine) as session:
        (hit, *_) = search(session, plans.township(session).id, "测试新街7号").candidates
    assert hit.house_id == house, "found by its address at once"
    assert door.enter("worker", "household-in", house=house, room="101").status_code == 200


def test_the_code_of_a_new_house_is_of_the_doors_own_kind_and_a_house_that_went_is_loaded_by_no_file(
    door: Door, tmp_path: Path
):
    door.at_once()
    add(door, address="测试新街 8号", **spot(door))
    house, code = door.one("SELECT ARRAY[id::text, code] FROM house WHERE address = '测试新街 8号'")
    entry = door.one("SELECT entry_id FROM house_change WHERE successor_id = :h", h=int(house))
    assert code == f"D{entry}", "the office's next file counts on, and means another house"
    door.enter("worker", "house-gone", house=int(house), gone="mistake", on_day=str(door.day))
    add(door, address="测试新街 9号", **spot(door))
    assert door.one("SELECT code FROM house WHERE address = '测试新街 9号'") != code
    with transaction(door.engine) as session:
        rows = write(
            tmp_path / "h.csv", "code,address", f"{code},测试新街 8号", "H-new,测试新街 10号"
        )
        report = load_kind(session, "houses", rows)
        assert report.rejected.counts() == {"house_went": 1}, report.rejected.counts()
        session.rollback()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"address": ""}, "请写房屋地址"),
        ({"lon": "", "lat": ""}, "请说明房屋在哪里"),
        ({"lon": "10.0", "lat": "50.0"}, "不在本镇（街道）任何网格内"),
        ({"lon": "400", "lat": "50.0"}, ""),
        ({"datum": "mars"}, "mars"),
    ],
)
def test_a_place_that_cannot_be_is_told_and_nothing_typed_is_lost(
    door: Door, said: dict[str, str], words: str
):
    page = add(door, **{"address": "测试新街 1号", **spot(door), **said})
    assert page.status_code == 422, page.status_code
    told = re.search(r'role="alert">(.*?)</p>', page.text, re.S)[1]
    assert words in told, told
    if said.get("address") != "":
        assert 'value="测试新街 1号"' in page.text
    assert door.one("SELECT count(*) FROM register_entry") == 0


def test_a_house_on_another_or_of_the_same_address_is_asked_about(door: Door):
    lon, lat = door.one("SELECT ARRAY[ST_X(geom), ST_Y(geom)] FROM house WHERE id = 1")
    address = door.one("SELECT address FROM house WHERE id = 1")
    place = {"lon": f"{lon + 0.00001:.7f}", "lat": str(lat)}
    page = add(door, address="测试新街 2号", **place)
    assert page.status_code == 422 and f"这里是{address}" in page.text, page.text[:3000]
    assert "等社区工作者核对" in add(door, address="测试新街 2号", apart="1", **place).text
    shown = door.people["clerk"].get("/register/changes").text
    assert "位置取自旁边的房屋" not in shown
    # Placed by a neighbour, whose place is known: the clerk is told which.
    at = {"lon": str(lon), "lat": str(lat)}
    add(door, address="测试新街 2号乙", apart="1", beside="随便写的", **at)
    shown = door.people["clerk"].get("/register/changes").text
    assert re.search(rf"位置取自旁边的房屋.{{0,300}}{address}", shown, re.S), shown
    assert "随便写的" not in shown
    same = add(door, address=address, apart="1", **place)
    assert same.status_code == 422 and f"已有房屋{address}" in same.text


def test_a_stranger_adds_no_house_to_a_grid_that_is_not_theirs(door: Door):
    form = "/register/grid/{}/new-house".format
    assert '"houses": []' in door.people["stranger"].get(form(GRID)).text, (
        "no points of other ground"
    )
    assert '"houses": [{' in door.people["worker"].get(form(GRID)).text
    assert door.people["worker"].get(form("999901009")).status_code == 404
    page = add(door, "stranger", address="测试新街 3号", **spot(door))
    assert page.status_code == 403 and "测试新街 3号" in page.text
    assert door.one("SELECT count(*) FROM register_entry") == 0
    add(door, "stranger", OTHER_GRID, address="测试新街 3号", **spot(door, OTHER_GRID))
    assert door.one("SELECT count(*) FROM register_entry") == 1
    answer = door.decide("clerk", door.last())
    assert answer.status_code == 403
    assert door.one("SELECT state FROM register_entry") == "waiting"


def test_the_team_of_an_exclusive_grid_adds_a_house_to_its_ground(door: Door):
    with transaction(door.engine) as session:
        session.execute(text("UPDATE township SET grid_rule = 'overlay'"))
        session.execute(
            text("UPDATE grid SET kind = 'basic', host = NULL WHERE code = :g"), {"g": GRID}
        )
        session.execute(
            text(
                "INSERT INTO grid (plan_id, community_id, code, name, kind, host, geom) "
                "SELECT plan_id, community_id, :new, '测试专属网格', 'exclusive', '测试单位', geom FROM grid WHERE code = :g"
            ),
            {"g": GRID, "new": EXCLUSIVE},
        )
        appoint(session, "stranger", "grid_worker", area=TOWNSHIP, grid=EXCLUSIVE, since=LONG_AGO)
    page = add(door, "stranger", EXCLUSIVE, address="测试专属 1号", **spot(door))
    assert page.status_code == 200, re.search(r'role="alert">(.*?)</p>', page.text, re.S)
    assert "等社区工作者核对" in page.text


def test_a_house_goes_when_its_households_went_and_its_history_stays(door: Door):
    door.at_once()
    people = door.one(
        "SELECT count(*) FROM resident r JOIN household f ON f.id = r.household_id WHERE f.house_id = 1"
    )
    address = door.one("SELECT address FROM house WHERE id = 1")
    door.enter("worker", "visit", why="routine", met="household")
    before = counted_again(door)
    unsaid = door.enter("worker", "house-gone", gone="demolished", on_day=str(door.day))
    assert unsaid.status_code == 422 and "请说明住户去了哪里" in unsaid.text
    assert counted_again(door) == before
    page = door.enter("worker", "house-gone", gone="demolished", on_day="2026-11-02", homes="out")
    assert "房屋已不在：已记下" in page.text, page.text[:1500]
    assert "自2026-11-02起已不在" in page.text and "已拆除" in page.text
    assert counted_again(door) == {"grid": before["grid"] - 1, "town": before["town"] - 1}
    kept = door.one(
        "SELECT count(*) FROM history WHERE table_name = 'resident' AND action = 'delete'"
    )
    assert kept == people
    seen = door.people["worker"].get("/register/house/1").text
    assert address in seen and "不在了" in seen and "已走访" in seen, "what was entered there stays"
    assert door.one("SELECT count(*) FROM visit WHERE house_id IS NULL") >= 1, "the visit was made"
    assert door.people["worker"].get("/register/house/1/enter/visit").status_code == 404
    other = door.people["stranger"].get("/register/house/1")
    assert other.status_code == 403 and address not in other.text


def test_a_house_goes_and_its_households_live_in_another(door: Door):
    home = door.household
    target = door.one("SELECT address FROM house WHERE id = 3")
    asked = door.enter("worker", "house-gone", gone="other", homes="moved", address=target)
    assert "哪处房屋？" in asked.text and door.one("SELECT count(*) FROM register_entry") == 0
    door.enter("worker", "house-gone", gone="other", homes="moved", house_id=3)
    waits = door.people["clerk"].get("/register/changes").text
    assert "房屋已不在" in waits and f"搬到{target}" in waits
    clerk = door.people["clerk"]
    opened = clerk.post(
        "/register/changes/open", data={"purpose": "verify", "csrf_token": token(clerk)}
    ).text
    assert f"搬到{target}" in opened, "opened, too, a house is called by its address"
    door.decide("clerk", door.last())
    assert door.one("SELECT house_id FROM household WHERE id = :h", h=home) == 3
    assert door.one("SELECT count(*) FROM house WHERE id = 1") == 0


def test_a_house_becomes_two_and_its_households_are_shared_out(door: Door):
    door.at_once()
    before = counted_again(door)
    door.enter("worker", "household-in", room="分户")
    stays = door.one("SELECT max(id) FROM household WHERE house_id = 1")
    page = door.enter("worker", "house-split", address="测试分院 1号", homes=str(door.household))
    assert "一房分为两房：已记下" in page.text, page.text[:1500]
    new = door.one("SELECT id FROM house WHERE address = '测试分院 1号'")
    assert door.one("SELECT house_id FROM household WHERE id = :h", h=door.household) == new
    assert door.one("SELECT house_id FROM household WHERE id = :h", h=stays) == 1
    assert counted_again(door) == {"grid": before["grid"] + 1, "town": before["town"] + 1}
    old_page = door.people["worker"].get("/register/house/1").text
    new_page = door.people["worker"].get(f"/register/house/{new}").text
    assert f'/register/house/{new}">测试分院 1号' in old_page and "另一部分是" in old_page
    assert '/register/house/1">' in new_page and "分出" in new_page
    assert re.search(
        r'data-source="household.house_id">.*?测试grid_worker 入户登记', new_page, re.S
    )


def test_a_house_becomes_part_of_another_with_visits_names_and_people(door: Door):
    door.at_once()
    before = counted_again(door)
    door.enter("worker", "alias", alias="测试老磨坊")
    door.enter("worker", "visit", why="routine", met="household")
    visits = door.one("SELECT count(*) FROM visit WHERE house_id IN (1, 3)")
    target = door.one("SELECT address FROM house WHERE id = 3")
    asked = door.enter("worker", "house-joined", address=target)
    assert "哪处房屋？" in asked.text
    page = door.enter("worker", "house-joined", house_id=3)
    assert "并入另一房屋" in page.text and f'/register/house/3">{target}' in page.text
    assert counted_again(door) == {"grid": before["grid"] - 1, "town": before["town"] - 1}
    assert door.one("SELECT count(*) FROM visit WHERE house_id = 3") == visits
    assert door.one("SELECT house_id FROM alias WHERE words = '测试老磨坊'") == 3
    assert door.one("SELECT house_id FROM household WHERE id = :h", h=door.household) == 3
    there = door.people["worker"].get("/register/house/3").text
    assert "并入" in there and '/register/house/1">' in there, "where it came from"


def test_a_part_that_stands_on_other_ground_is_that_grounds(door: Door):
    door.at_once()
    there = spot(door, OTHER_GRID)
    told = door.enter("worker", "house-split", address="测试分院 3号", datum="wgs84", **there)
    assert told.status_code == 403 and door.one("SELECT count(*) FROM register_entry") == 0
    with transaction(door.engine) as session:
        appoint(session, "worker", "grid_worker", area=TOWNSHIP, grid=OTHER_GRID, since=LONG_AGO)
    told = door.enter("worker", "house-split", address="测试分院 3号", datum="wgs84", **there)
    assert told.status_code == 200, told.text[:500]
    assert door.one(
        "SELECT h.community_id = g.community_id AND a.grid_id = g.id FROM house h "
        "JOIN house_grid a ON a.house_id = h.id JOIN grid g ON g.id = a.grid_id "
        "JOIN plan_in_force p ON p.id = g.plan_id WHERE h.address = '测试分院 3号' AND g.code = :g",
        g=OTHER_GRID,
    )


def test_the_day_on_which_a_house_went_is_one_that_was(door: Door):
    for day in (str(door.day + timedelta(1)), "1899-12-31"):
        told = door.enter("worker", "house-gone", gone="demolished", homes="out", on_day=day)
        assert told.status_code == 422 and "不能填" in told.text


def test_the_answer_of_the_attach_road_is_that_of_the_grid_asked_at_the_door(door: Door):
    door.at_once()
    for n in range(3):
        add(door, address=f"测试新街 {n}0号", **spot(door))
    with transaction(door.engine) as session:
        plan = plans.plan_in_force(session, plans.township(session).id)
        rows = "SELECT house_id, grid_id, exclusive_grid_id FROM house_grid WHERE plan_id = :p ORDER BY 1"
        new = "SELECT max(id) FROM house"
        newest = session.scalar(text(new))
        kept = [r for r in session.execute(text(rows), {"p": plan.id}) if r.house_id > newest - 3]
        attach(session, plan.id, "house")
        again = [r for r in session.execute(text(rows), {"p": plan.id}) if r.house_id > newest - 3]
    assert len(kept) == 3 and kept == again
    grid = door.people["worker"].get(f"/register/grid/{GRID}").text
    assert {f"测试新街 {n}0号" for n in range(3)} <= set(re.findall(r'">([^<]*)</a></td>', grid))


def test_the_web_gives_a_grid_to_no_house_but_one_that_it_has_just_made(door: Door):
    worker = door.one("SELECT id FROM account WHERE name = 'worker'")
    with acting(web_engine(door.engine), worker) as session:
        moved = session.execute(text("UPDATE house_grid SET grid_id = NULL WHERE house_id = 1"))
        gone = session.execute(text("DELETE FROM house_grid WHERE house_id = 1"))
        assert (moved.rowcount, gone.rowcount) == (0, 0)
        refused(session, "INSERT INTO house_grid (plan_id, house_id) SELECT max(id), 5 FROM plan")
        for table in ("house", "house_change", "address_key"):
            refused(session, f"DELETE FROM {table}")


ASKED = """
WITH task AS (
    INSERT INTO collection_task (township_id, title, purpose, fields, grids, due_on, state, made_by, opened_at)
    SELECT area_id, '用水普查', 'care', '{}', '{}', '2099-01-01', 'open', '测试', now() FROM township RETURNING id, township_id
), question AS (
    INSERT INTO collection_question (task_id, number, name, kind, label)
    SELECT id, n, 'q' || n, 'text', '问题' || n FROM task, generate_series(1, 2) n RETURNING id, task_id, number
)
INSERT INTO collection_answer (township_id, task_id, question_id, house_id, value, account_id, who, client_id)
SELECT t.township_id, t.id, q.id, h, '答' || h || q.number, a.id, '测试', h || '-' || q.number
FROM task t, question q, (VALUES (1), (3)) AS at(h), (SELECT min(id) AS id FROM account) a
WHERE h = 1 OR q.number = 1
"""
ANSWERS = """
SELECT jsonb_agg(jsonb_build_array(value, house_id, replaced_at IS NULL) ORDER BY value) FROM collection_answer
"""


def test_answers_of_tasks_follow_their_house_or_stay_when_it_went(door: Door):
    door.at_once()
    with transaction(door.engine) as session:
        session.execute(text(ASKED))
    door.enter("worker", "house-joined", house_id=3)
    assert door.one("SELECT count(*) FROM house WHERE id = 1") == 0
    assert door.one(ANSWERS) == [["答11", 3, False], ["答12", 3, True], ["答31", 3, True]]
    door.enter(
        "worker", "house-gone", house=3, gone="demolished", homes="out", on_day=str(door.day)
    )
    assert door.one("SELECT count(*) FROM house WHERE id = 3") == 0
    assert [house for _, house, _ in door.one(ANSWERS)] == [None, None, None]
