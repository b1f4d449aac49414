"""A worker at the door with a phone, the clerk at a desk: seen, visited, changed, let in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.locate.addresses.gazetteer import index_addresses
from gisgrid.planning.snapshot.fetch import today
from tests.support.accounts import appointed
from tests.support.door import COMMUNITY, GRID, NEW_PHONE, one_known
from tests.support.looks import PHONES, sound
from tests.support.web import Town, app_over, chromium, close, served, session_cookie

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    return findable


def findable(session: Session) -> Town:
    town = one_known(session)
    index_addresses(session, town.township_id)
    return town


@pytest.fixture
def seats(engine: Engine, made: Town) -> Iterator[dict[str, Page]]:
    """The worker's phone and the clerk's desk."""
    with transaction(engine) as session:
        accounts = {
            "worker": appointed(session, "grid_worker", grid=GRID, name="worker"),
            "clerk": appointed(session, "community_clerk", COMMUNITY, name="clerk"),
        }
    app = app_over(engine)
    with served(app) as host, chromium() as browser:
        pages = {}
        for who, account in accounts.items():
            width, height = PHONES[0] if who == "worker" else (1280, 800)
            context = browser.new_context(
                base_url=host, viewport={"width": width, "height": height}, locale="zh-CN",
                has_touch=who == "worker",
            )  # fmt: skip
            name, value = session_cookie(app, engine, account).split("=", 1)
            context.add_cookies([{"name": name, "value": value, "url": host}])
            pages[who] = context.new_page()
        yield pages
        close(app)


def test_a_round_from_the_list_to_what_the_clerk_lets_in(seats: dict[str, Page], engine: Engine):
    phone, desk = seats["worker"], seats["clerk"]
    with transaction(engine) as session:
        day = today(township(session)).isoformat()
    phone.goto("/my-grid")
    expect(phone.get_by_role("link", name="待走访")).to_be_visible()
    sound(phone, least=24)
    phone.locator('a[href="/register/house/1"]').first.click()

    # One tap: all as registered.
    sound(phone, least=24)
    phone.get_by_role("button", name="全部属实").click()
    expect(phone.get_by_role("status")).to_have_text("全部属实：已记下。")
    expect(phone.locator("main")).to_contain_text(f"核实日期 {day}")

    # What is seen here is reported with its place.
    address = phone.locator("h1").inner_text()
    phone.get_by_role("link", name="在此上报").click()
    expect(phone.locator("#words")).to_have_value(address)
    phone.go_back()

    # Three answers: visited.
    phone.get_by_role("link", name="已走访").click()
    phone.get_by_label("关怀").check()
    phone.get_by_label("住户", exact=True).check()
    sound(phone, least=24)
    phone.get_by_role("button", name="记下").click()
    expect(phone.get_by_role("status")).to_have_text("已走访：已记下。")

    # A telephone that is wrong: told at once, and what was typed stays.
    phone.get_by_role("link", name="更正信息").first.click()
    sound(phone, least=24)
    phone.get_by_role("link", name="电话").click()
    phone.get_by_label("电话").fill("123")
    phone.get_by_role("button", name="记下").click()
    expect(phone.get_by_role("alert")).to_contain_text("电话")
    expect(phone.get_by_label("电话")).to_have_value("123")
    phone.get_by_label("电话").fill(NEW_PHONE)
    phone.get_by_role("button", name="记下").click()
    expect(phone.get_by_role("status")).to_have_text("更正信息：已记下，等社区工作者核对。")

    desk.goto("/")
    desk.locator('[data-card="changes"]').get_by_role("link", name="去核对").click()
    row = desk.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("139****1111")
    sound(desk, least=24)
    row.get_by_role("checkbox").check()
    desk.get_by_role("button", name="同意所选").click()
    expect(desk.get_by_role("status")).to_have_text("已同意 1 条，户档已更新。")
    phone.reload()
    expect(phone.locator("dl.person").first).to_contain_text("139****1111")
    expect(phone.locator("#entered")).to_contain_text("已同意")
    with transaction(engine) as session:
        assert session.scalar(
            text("SELECT count(*) FROM resident WHERE phone = :p"), {"p": NEW_PHONE}
        ) == 1  # fmt: skip


def test_a_household_moves_within_the_town_and_a_person_is_added(
    seats: dict[str, Page], engine: Engine
):
    phone = seats["worker"]
    with transaction(engine) as session:
        session.execute(text("UPDATE township SET register_rule = 'at_once'"))
        there = session.scalar(text("SELECT address FROM house WHERE id = 3"))
    phone.set_viewport_size({"width": PHONES[1][0], "height": PHONES[1][1]})
    phone.goto("/register/house/1")
    people = phone.locator("dl.person").count()
    phone.get_by_role("link", name="新增人员").first.click()
    phone.get_by_label("姓名").fill("测试新丁")
    phone.get_by_label("身份证号").fill("110101199003074514")
    sound(phone, least=24)
    phone.get_by_role("button", name="记下").click()
    expect(phone.locator("dl.person")).to_have_count(people + 1)
    expect(phone.locator("main")).to_contain_text("110101********4514")
    phone.get_by_role("link", name="迁往镇内别处").first.click()
    phone.get_by_label("迁往的地址").fill(there)
    phone.get_by_role("button", name="搜索").click()
    phone.get_by_label(there, exact=True).check()
    sound(phone, least=24)
    phone.get_by_role("button", name="记下").click()
    expect(phone.get_by_role("status")).to_have_text("住户迁往镇内别处：已记下。")
    phone.goto("/register/house/3")
    expect(phone.locator("main")).to_contain_text("测*")


MAP = "#houses-map.leaflet-container"
# Houses 1 and 3 and three more stand 100, 200, … m east of a spot of their grid, on one line.
ON_A_LINE = """
WITH spot AS (
    SELECT ST_X(ST_PointOnSurface(geom)) AS lon, ST_Y(ST_PointOnSurface(geom)) AS lat FROM grid WHERE code = :g LIMIT 1
), line AS (
    SELECT id, row_number() OVER (ORDER BY array_position(ARRAY[3, 1, 9, 7, 11]::bigint[], id)) AS n FROM house
    WHERE id IN (1, 3, 7, 9, 11)
)
UPDATE house h SET geom = ST_SetSRID(ST_MakePoint(spot.lon + line.n * 0.0002, spot.lat), 4326), location_status = 'ok'
FROM line, spot WHERE line.id = h.id RETURNING h.id, spot.lon, spot.lat
"""
TO_THE_GRID = """
UPDATE house_grid SET grid_id = CASE WHEN house_id IN (1, 3, 7, 9, 11) THEN (SELECT id FROM grid WHERE code = :g)
                                     ELSE (SELECT max(id) FROM grid) END
"""
# None is due as long as the others, so that they stand last.
SIXTY_MORE = """
WITH made AS (
    INSERT INTO house (township_id, code, address, community_id, geom, location_status)
    SELECT g.township_id, 'X' || n, '测试长街 ' || n || '号', g.community_id,
           ST_Translate(ST_PointOnSurface(g.geom), (n - 30) * 0.00003, 0.0006), 'ok'
    FROM (SELECT p.township_id, g.* FROM grid g JOIN plan_in_force p ON p.id = g.plan_id WHERE g.code = :g) g,
         generate_series(1, 60) n RETURNING id
)
INSERT INTO house_grid (plan_id, house_id, grid_id)
SELECT g.plan_id, made.id, g.id FROM made, grid g JOIN plan_in_force p ON p.id = g.plan_id WHERE g.code = :g
"""
ALL_DUE = "UPDATE household SET verified_on = '2020-01-01'"


# The same view once more, and where a house is in it.
WHERE_ON_THE_MAP = """
(address) => {
  const data = JSON.parse(document.getElementById("map-data").textContent), one = data.houses.find((each) => each.address === address);
  const shown = document.getElementById("houses-map"), again = document.createElement("div");
  Object.assign(again.style, { position: "absolute", width: `${shown.clientWidth}px`, height: `${shown.clientHeight}px` });
  document.body.append(again);
  const map = L.map(again, { zoomSnap: 0.5, maxZoom: 21 }).fitBounds(L.geoJSON(data.border).getBounds(), { padding: [12, 12] });
  const at = map.latLngToContainerPoint([one.lat, one.lon]);
  again.remove();
  return { x: at.x + shown.clientLeft, y: at.y + shown.clientTop };
}
"""


def stood(phone: Page, engine: Engine) -> list[str]:
    """Five houses on a line, and who walks west of all of them; their addresses in the order of the walk."""
    with transaction(engine) as session:
        lon, lat = session.execute(text(ON_A_LINE), {"g": GRID}).all()[0][1:]
        session.execute(text(TO_THE_GRID), {"g": GRID})
        session.execute(text(ALL_DUE))
        addresses = session.execute(
            text("SELECT address FROM house WHERE id IN (1, 3, 7, 9, 11) ORDER BY ST_X(geom)")
        )
        told = [str(row.address) for row in addresses]
    phone.context.grant_permissions(["geolocation"])
    phone.context.set_geolocation({"longitude": lon, "latitude": lat, "accuracy": 5})
    return told


def test_map_and_list_move_together_and_a_round_has_its_order_and_length(
    seats: dict[str, Page], engine: Engine
):
    phone, desk = seats["worker"], seats["clerk"]
    way = stood(phone, engine)
    held: list[Route] = []
    phone.route("**/leaflet.js*", lambda route: held.append(route))
    phone.goto(f"/register/grid/{GRID}", wait_until="commit")
    phone.wait_for_selector("html[data-ready]", state="attached")
    # Of the list to the map, which comes later on a slow line …
    phone.get_by_role("button", name="在地图上显示").first.click()
    row = phone.locator("tr.chosen")
    expect(row).to_have_count(1)
    expect(phone.locator("#chosen a")).to_contain_text(row.locator("a.row").inner_text())
    expect(phone.locator(MAP)).to_have_count(0)
    held[0].continue_()
    expect(phone.locator(MAP)).to_be_visible()
    phone.unroute("**/leaflet.js*")
    sound(phone, least=24)
    # … the round: the nearest first, and 5 legs of 0.0002 degrees.
    phone.get_by_role("button", name="从我这里开始走访").click()
    expect(phone.locator("#walk-list li")).to_have_count(5)
    assert phone.locator("#walk-list li").all_inner_texts() == way
    metres = round(
        5
        * 0.0002
        * 111195
        * math.cos(
            math.radians(
                phone.evaluate(
                    "JSON.parse(document.getElementById('map-data').textContent).houses[0].lat"
                )
            )
        )
    )
    expect(phone.locator("#walk-said")).to_have_text(f"5 处房屋，依次直线约 {metres} 米")
    expect(phone.locator("#houses")).to_be_hidden()
    sound(phone, least=24)
    phone.get_by_role("button", name="结束路线").click()
    expect(phone.locator("#houses")).to_be_visible()

    # … and of the map to the list, beside one another at the desk.
    desk.set_viewport_size({"width": 1440, "height": 900})
    desk.goto(f"/register/grid/{GRID}")
    desk.wait_for_selector(MAP)
    beside = desk.locator(".houses-map").bounding_box(), desk.locator("#houses").bounding_box()
    assert beside[0]["x"] + beside[0]["width"] <= beside[1]["x"]
    desk.locator(".table-tools input").fill(way[2])
    box, at = desk.locator(".houses-map").bounding_box(), desk.evaluate(WHERE_ON_THE_MAP, way[2])
    desk.mouse.click(box["x"] + at["x"], box["y"] + at["y"])
    expect(desk.locator("#chosen a")).to_contain_text(way[2])
    expect(desk.locator("tr.chosen")).to_contain_text(way[2])
    desk.get_by_role("link", name="需关注 0").click()
    expect(desk.locator("main")).to_contain_text("没有这类房屋。")

    # A list shows 50 at first; what stands behind those is found and chosen all the same.
    with transaction(engine) as session:
        session.execute(text(SIXTY_MORE), {"g": GRID})
    desk.goto(f"/register/grid/{GRID}")
    desk.wait_for_selector(MAP)
    expect(desk.locator(".table-tools")).to_contain_text("50 / 65")
    last = "测试长街 60号"
    expect(desk.locator("#houses tr", has_text=last)).to_have_count(0)
    desk.locator(".table-tools input").fill(last)
    expect(desk.locator("#houses tbody tr:visible")).to_have_count(1)
    box, at = desk.locator(".houses-map").bounding_box(), desk.evaluate(WHERE_ON_THE_MAP, last)
    desk.mouse.click(box["x"] + at["x"], box["y"] + at["y"])
    expect(desk.locator("#chosen a")).to_contain_text(last)
    expect(desk.locator("tr.chosen")).to_contain_text(last)


def test_a_missing_house_is_entered_where_one_stands_and_goes_when_it_is_gone(
    seats: dict[str, Page], engine: Engine
):
    phone, desk = seats["worker"], seats["clerk"]
    stood(phone, engine)
    phone.goto(f"/register/grid/{GRID}")
    phone.get_by_role("link", name="这里有漏登的房屋").click()
    phone.wait_for_selector("html[data-ready]", state="attached")
    sound(phone, least=24)
    phone.get_by_label("地址：街路和门牌号").fill("测试新街 12号")
    phone.get_by_role("button", name="记下").click()
    expect(phone.get_by_role("alert")).to_contain_text("请说明房屋在哪里")
    expect(phone.get_by_label("地址：街路和门牌号")).to_have_value("测试新街 12号")
    phone.get_by_role("button", name="就在我这里").click()
    expect(phone.locator("#position")).to_contain_text("误差约 5 米")
    phone.get_by_role("button", name="记下").click()
    expect(phone.locator("p.note[role=status]")).to_have_text(
        "漏登的房屋：已记下，等社区工作者核对。"
    )

    desk.goto("/register/changes")
    row = desk.locator("tbody tr")
    expect(row).to_contain_text("测试新街 12号")
    sound(desk, least=24)
    row.get_by_role("checkbox").check()
    desk.get_by_role("button", name="同意所选").click()
    phone.goto(f"/register/grid/{GRID}?show=fresh")
    phone.get_by_role("link", name="测试新街 12号").click()
    phone.get_by_text("房屋本身有变化").click()
    sound(phone, least=24)
    phone.get_by_role("link", name="房屋已不在").click()
    sound(phone, least=24)
    phone.get_by_label("本来就没有").check()
    phone.get_by_role("button", name="记下").click()
    expect(phone.get_by_role("status")).to_have_text("房屋已不在：已记下，等社区工作者核对。")
    desk.goto("/register/changes")
    desk.locator("tbody tr").get_by_role("checkbox").check()
    desk.get_by_role("button", name="同意所选").click()
    phone.reload()
    expect(phone.locator("#went")).to_contain_text("已不在")
    sound(phone, least=24)
