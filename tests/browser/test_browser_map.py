"""The map in headless Chromium with the network cut: drawn, clickable, light, and harmless."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Route
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from tests.support.database import own_database
from tests.support.looks import picture
from tests.support.web import Town, app_over, chromium, fill_town, served, visit

pytestmark = pytest.mark.browser

PAGE_BYTES = 300_000
TILE_BYTES = 50_000
BAD = "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    return fill_town


@pytest.fixture
def town(made: Town) -> Town:
    return made


@pytest.fixture
def app(engine: Engine, town: Town) -> Flask:
    return app_over(engine, account=town.account)


def pixels(page: Page, layer: str) -> int:
    """How many pixels of a tile layer are painted."""
    return int(
        page.evaluate(
            """(name) => Object.values(gisgrid.layers[name]._tiles).reduce((sum, tile) => {
                 const c = tile.el;
                 const bytes = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
                 for (let i = 3; i < bytes.length; i += 4) sum += bytes[i] > 0;
                 return sum;
               }, 0)""",
            layer,
        )
    )


def shown(page: Page, layer: str) -> list[dict[str, Any]]:
    """Symbols of a layer with their place on the screen, those that no panel covers."""
    found: list[dict[str, Any]] = page.evaluate(
        """(name) => {
             const layer = gisgrid.layers[name], map = gisgrid.town, size = layer.getTileSize().x;
             const box = map.getContainer().getBoundingClientRect();
             return Object.values(layer._tiles).flatMap((tile) => tile.el.symbols.map((f) => {
               const at = L.point(tile.coords).multiplyBy(size)
                 .add(L.point(f.parts[0][0]).multiplyBy(size / 4096));
               const p = map.latLngToContainerPoint(map.unproject(at, tile.coords.z));
               return { id: f.id, n: f.n || 1, x: box.x + p.x, y: box.y + p.y };
             })).filter((s) => {
               const there = document.elementFromPoint(s.x, s.y);
               return there && there.closest("#map_town") && !there.closest(".leaflet-control");
             });
           }""",
        layer,
    )
    return found


def click_grid(page: Page, code: str) -> None:
    """A click on a grid at a spot without a symbol."""
    page.evaluate("gisgrid.layers.houses.remove(); gisgrid.layers.open_events.remove()")
    x, y = page.evaluate(
        """(code) => {
             const grid = gisgrid.layers.grids.getLayers().find((g) => g.feature.id === code);
             const [lon, lat] = grid.feature.properties.label, map = gisgrid.town;
             map.setView([lat, lon], map.getZoom(), { animate: false });
             const box = map.getContainer().getBoundingClientRect();
             const p = map.latLngToContainerPoint([lat, lon]);
             return [box.x + p.x, box.y + p.y];
           }""",
        code,
    )
    page.mouse.click(x, y)


def test_the_map_is_drawn_and_asks_no_other_host(app: Flask, browser: Browser):
    with served(app) as host, visit(browser, host) as seen:
        seen.open()
        page = seen.page
        assert page.evaluate("gisgrid.layers.grids.getLayers().length") == 48
        assert page.locator(".leaflet-grids-pane path").count() == 48
        assert page.locator(".leaflet-areas-pane path").count() == 10
        for layer in ("houses", "open_events", "streets"):
            assert pixels(page, layer) > 500, layer
        assert sum(s["n"] for s in shown(page, "houses")) > 300
        page.wait_for_selector("html[data-counted]", state="attached")
        assert page.locator("#totals").inner_text().split()[1::2] == [
            "48", "600", "600", "1,200", "120", "0",
        ]  # fmt: skip
        assert "2022年方案" in page.locator(".plan-name").inner_text()
        assert page.locator(".label").count() >= 9
        picture(page, "map.png")
        assert (seen.elsewhere, seen.failures) == ([], [])


def test_a_page_that_did_ask_another_host_would_be_seen(app: Flask, browser: Browser):
    with served(app) as host, visit(browser, host) as seen:
        seen.page.goto("about:blank")
        with seen.page.expect_event("requestfailed"):
            seen.page.set_content("<img src='http://elsewhere.example/x.png'>")
        assert seen.elsewhere == ["http://elsewhere.example/x.png"]


def test_a_grids_card_opens_on_click_and_closes(app: Flask, browser: Browser):
    with served(app) as host, visit(browser, host) as seen:
        seen.open()
        page = seen.page
        click_grid(page, "999901001005002")
        card = page.locator("#card")
        card.get_by_text("999901001005002").wait_for()
        words = card.inner_text()
        for word in ("中兴社区第2网格", "中兴社区", "测试网格长", "户", "居民", "未办结事件"):
            assert word in words
        assert "13900000000" not in page.content()
        picture(page, "card.png")
        page.keyboard.press("Escape")
        assert not card.is_visible()
        assert seen.failures == []


def test_colours_and_legend_follow_the_choice(app: Flask, browser: Browser):
    with served(app) as host, visit(browser, host) as seen:
        seen.open()
        page = seen.page
        page.wait_for_selector("html[data-counted]", state="attached")
        looks: dict[str, tuple[int, str]] = {}
        for key in ("community", "kind", "residents", "open_events"):
            page.locator(f"#colourings input[value={key}]").check(force=True)
            fills = page.locator(".leaflet-grids-pane path").evaluate_all(
                "paths => paths.map((p) => p.getAttribute('fill'))"
            )
            legend = page.locator("#legend").inner_text()
            swatches = set(
                page.locator("#legend .sample-patch").evaluate_all(
                    "all => all.map((one) => one.style.color)"
                )
            )
            drawn = {page.evaluate("(c) => { const e = document.createElement('i');"
                                   " e.style.color = c; return e.style.color; }", f)
                     for f in set(fills)}  # fmt: skip
            assert drawn <= swatches, key
            looks[key] = (len(set(fills)), legend)
        assert looks["community"][0] == 9
        assert looks["kind"][0] == 2
        assert looks["residents"][0] > 2
        assert len({legend for _, legend in looks.values()}) == 4


def test_a_house_and_an_event_tell_what_they_are(app: Flask, browser: Browser):
    with served(app) as host, visit(browser, host) as seen:
        seen.open("/map?lang=en")
        page = seen.page
        for layer, badge, word in (
            ("houses", "House", "虚构路"),
            ("open_events", "Event", "Environment"),
        ):
            seen.look(120.914, 40.7075, 17)
            single = next(s for s in shown(page, layer) if s["n"] == 1)
            page.mouse.click(single["x"], single["y"])
            page.locator("#card .badge").get_by_text(badge, exact=True).wait_for()
            if layer == "open_events":
                assert word in page.locator("#card h2").inner_text()
            assert "Community" not in page.locator("#card .facts dt").all_inner_texts()
            assert "社区第" in page.locator("#card .facts").inner_text()
        assert seen.failures == []


def test_a_sum_opens_by_zooming_in(app: Flask, browser: Browser):
    with served(app) as host, visit(browser, host) as seen:
        seen.open()
        page = seen.page
        seen.look(120.916, 40.709, 13)
        many = max(shown(page, "open_events"), key=lambda s: s["n"])
        assert many["n"] > 1
        page.evaluate(
            "() => { window.zoomed = new Promise((go) => gisgrid.town.once('zoomend', go)); }"
        )
        page.mouse.click(many["x"], many["y"])
        page.evaluate("() => window.zoomed.then(() => null)")
        assert page.evaluate("gisgrid.town.getZoom()") == 15


def test_search_leads_to_a_grid_and_to_a_house(app: Flask, browser: Browser):
    with served(app) as host, visit(browser, host) as seen:
        seen.open()
        page = seen.page
        page.fill("#search input", "西山社区第1网格")
        page.locator("#hits button").first.click()
        page.locator("#card").get_by_text("999901001003001").wait_for()
        page.fill("#search input", "虚构33路33号")
        page.locator("#hits button").first.click()
        page.locator("#card h2").get_by_text("虚构镇虚构33路33号").wait_for()
        assert page.evaluate("gisgrid.town.getZoom()") == 18
        page.fill("#search input", "没有这样的地方")
        page.locator("#hits .none").wait_for()
        assert seen.failures == []


def test_layers_can_be_switched_off_and_on(app: Flask, browser: Browser):
    with served(app) as host, visit(browser, host) as seen:
        seen.open()
        for layer in ("houses", "open_events", "streets", "areas", "grids"):
            box = seen.page.locator(f"#layers input[value={layer}]")
            on = f"gisgrid.town.hasLayer(gisgrid.layers.{layer})"
            box.uncheck()
            assert not seen.page.evaluate(on)
            box.check()
            assert seen.page.evaluate(on)
        seen.page.locator("#layers input[value=closed_events]").check()
        seen.settle()
        assert pixels(seen.page, "closed_events") > 200
        assert seen.failures == []


def test_an_answer_that_comes_late_takes_no_other_card_away(app: Flask, browser: Browser):
    with served(app) as host, visit(browser, host) as seen:
        seen.open()
        page = seen.page
        page.wait_for_selector("html[data-counted]", state="attached")
        seen.look(120.914, 40.7075, 17)
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        page.route("**/houses/*", hold)
        single = next(s for s in shown(page, "houses") if s["n"] == 1)
        page.mouse.click(single["x"], single["y"])
        click_grid(page, "999901001005002")
        page.locator("#card .facts").get_by_text("999901001005002").wait_for()
        with page.expect_response("**/houses/*"):
            held[0].continue_()
        page.evaluate(
            "() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"
        )
        assert page.locator("#card .numbers").count() == 1, "the grid's card, and not the house's"
        assert seen.failures == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_phone_shows_map_panel_and_card_without_scrolling_sideways(
    app: Flask, browser: Browser, language: str
):
    with served(app) as host, visit(browser, host, width=360, height=740, scale=2) as seen:
        seen.open(f"/map?lang={language}")
        page = seen.page
        assert not page.locator("#panel").is_visible()
        page.click("#toggle")
        assert page.locator("#panel").is_visible()
        page.click("#toggle")
        click_grid(page, "999901001005002")
        page.locator("#card").get_by_text("999901001005002").wait_for()
        card = page.locator("#card").bounding_box()
        assert card is not None
        assert card["x"] >= 0 and card["x"] + card["width"] <= 360
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        picture(page, f"phone-{language}.png")
        assert seen.failures == []


def test_text_of_any_field_stays_text(engine: Engine, town: Town, browser: Browser):
    fields = [
        ("area", "name"), ("area", "name_en"), ("plan", "name"), ("grid", "name"), ("grid", "host"),
        ("street", "name"), ("house", "address"), ("matter", "name"), ("matter", "name_en"),
        ("staff", "name"), ("event", "text"), ("event", "source"), ("event", "address"),
    ]  # fmt: skip
    with transaction(engine) as session:
        for table, column in fields:
            session.execute(text(f"UPDATE {table} SET {column} = :bad"), {"bad": BAD})
        for table in ("grid", "house", "event"):
            session.execute(text(f"UPDATE {table} SET code = code || :bad"), {"bad": BAD})
        session.execute(text("UPDATE team_member SET grid_code = grid_code || :b"), {"b": BAD})
        session.execute(text("UPDATE area SET code = code || :bad"), {"bad": BAD})
    with served(app_over(engine, account=town.account)) as host, visit(browser, host) as seen:
        for language in ("zh", "en"):
            seen.open(f"/map?lang={language}")
            page = seen.page
            title = page.title()
            page.wait_for_selector("html[data-counted]", state="attached")
            seen.look(120.914, 40.7075, 17)
            for layer in ("houses", "open_events"):
                single = next(s for s in shown(page, layer) if s["n"] == 1)
                page.mouse.click(single["x"], single["y"])
                page.locator("#card").get_by_text(BAD).first.wait_for()
            click_grid(page, "999901001005002" + BAD)
            page.locator("#card .facts").get_by_text("999901001005002" + BAD).wait_for()
            assert page.locator("#card").get_by_text(BAD).count() >= 4, (
                "name, community, host, leader"
            )
            page.fill("#search input", "onerror")
            page.locator("#hits button").first.wait_for()
            page.locator("#plan summary").click()
            # Escaped text stands on the page in full, and no element was made of it.
            assert BAD in page.locator("#plan").inner_text()
            assert page.locator("img[src=x]").count() == 0
            assert page.title() == title
            assert "hacked" not in title.split("·")[-1]
        assert (seen.elsewhere, seen.failures) == ([], [])


def test_a_city_of_100_000_houses_is_a_light_page(
    cluster: Cluster, template: str, browser: Browser
):
    with own_database(cluster, template, "city") as engine:
        with transaction(engine) as session:
            town = fill_town(session, columns=40, rows=25, houses=100_000, events=5_000)
            session.execute(text("ANALYZE"))
        _is_light(app_over(engine, account=town.account), browser)


def _is_light(app: Flask, browser: Browser) -> None:
    with served(app) as host, visit(browser, host) as seen:
        seen.open()
        sizes = seen.sizes()
        page_bytes = sum(
            n for path, n in sizes.items() if path == "/" or path.startswith("/static/")
        )
        assert 100_000 < page_bytes < PAGE_BYTES
        tiles = {path: n for path, n in sizes.items() if path.startswith("/tiles/")}
        assert tiles
        assert max(tiles.values()) < TILE_BYTES
        assert sum(s["n"] for s in shown(seen.page, "houses")) > 60_000
        assert seen.page.evaluate("gisgrid.layers.grids.getLayers().length") == 1000
        for zoom in (15, 16, 18):
            seen.look(120.98, 40.7375, zoom)
            assert pixels(seen.page, "houses") > 500
        assert max(n for path, n in seen.sizes().items() if path.startswith("/tiles/")) < TILE_BYTES
        picture(seen.page, "city.png")
        assert (seen.elsewhere, seen.failures) == ([], [])
