"""The planner's editor by keys, and the map between its panels at each width."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from playwright.sync_api import expect
from sqlalchemy import Engine

from gisgrid.core.crs import to_metric
from tests.support.editor_page import FILLS, KEY, edit_of, pair
from tests.support.looks import picture
from tests.support.web import Town, Visit

pytestmark = pytest.mark.browser


def test_a_border_in_hand_is_let_go_as_it_was(seen: Visit, draft: int):
    """Keys are the border's only where the map is meant; whatever ends it, what was not kept is as it was."""
    page, keys = seen.page, seen.page.keyboard
    seen.open(f"/plan/{draft}")
    west, _ = pair(page)
    line = "gisgrid.editor.line?.getLatLngs().map((p) => [p.lng, p.lat])"
    drawn = (
        "[...gisgrid.editor.arcs.of.values()].map((l) => l.getLatLngs().map((p) => [p.lng, p.lat]))"
    )
    # Taken by the pointer: Escape lets it go.
    page.evaluate(
        "() => { const desk = gisgrid.editor; [...desk.arcs.of.values()].find((l) => l.arc.movable).fire('click'); }"
    )
    assert page.evaluate(line)
    keys.press("Escape")
    assert page.evaluate("gisgrid.editor.line") is None
    # Taken out of the card, with another tool in hand: it is that of borders by then.
    page.evaluate("(code) => gisgrid.editor.select(code)", west["code"])
    page.click("[data-tool=merge]")
    page.locator("#card .border").first.focus()
    keys.press("Enter")
    assert page.evaluate("gisgrid.editor.tool") == "drag"
    keys.press("Escape")
    assert page.evaluate("gisgrid.editor.line") is None
    # What is not kept goes with the border: another tool, and arrows in the table move no corner.
    keys.press("Enter")
    was = page.evaluate(line)
    page.check("#snap")
    page.locator("#card .border").first.focus()
    with page.expect_response(lambda answer: answer.url.endswith("/preview")) as told:
        keys.press("ArrowUp")
    assert told.value.request.post_data_json["edit"]["snap_m"] == 0, "a metre is a metre"
    moved = page.evaluate(line)
    assert moved != was
    keys.press("CapsLock")
    keys.press("Shift+G")
    keys.press("ArrowDown")
    assert page.evaluate(line) == moved, "the arrow was the table's"
    page.click("[data-tool=merge]")
    assert was in page.evaluate(drawn) and moved not in page.evaluate(drawn)


def test_a_plan_is_drawn_by_keyboard_alone(seen: Visit, draft: int):  # noqa: PLR0915 - one story
    """A grid out of the table, a border out of its card, a corner by metres; the pointer is never used."""
    page = seen.page
    seen.open(f"/plan/{draft}")
    page.evaluate(
        "() => { window.pointed = 0; document.addEventListener('pointerdown', () => { window.pointed += 1; }, true); }"
    )
    keys = page.keyboard
    keys.press("?")
    expect(page.locator("dialog.keys-help")).to_contain_text("移动拐点 1 米，按住 Shift 移动 10 米")
    keys.press("Escape")
    expect(page.locator("dialog.keys-help")).to_have_count(0)
    # The table: sorted by number, its sums the township's.
    held = "gisgrid.editor.view.grids.reduce((n, g) => n + g.residents, 0)"
    foot = page.locator("#grids-table tfoot tr")
    expect(foot.first).to_contain_text("18 个网格中的 18 个")
    figures = page.evaluate("gisgrid.editor.view.figures")
    bare, inside = figures["uncovered_residents"], page.evaluate(held)
    told = [foot.nth(k).locator("td").nth(2).inner_text() for k in range(3)]
    assert told == [f"{inside:,}", f"{bare:,}", f"{inside + bare:,}"]
    keys.press("/")
    name = page.evaluate("gisgrid.editor.view.grids[2].name")
    keys.type(name)
    assert page.locator("#grids-table tbody tr").first.inner_text().startswith(name)
    assert page.locator("#grids-table tbody tr").count() < 18
    keys.press("Control+a")
    keys.press("Delete")
    expect(page.locator("#grids-table tbody tr")).to_have_count(18)
    keys.press("Shift+Tab")  # out of the field, where letters are letters
    # A grid that has a border to be moved, by arrows and Enter.
    wanted = page.evaluate(
        "gisgrid.editor.view.arcs.find((a) => a.movable && a.grids.every((c) => gisgrid.editor.grid(c).kind === 'basic')).grids[0]"
    )
    keys.press("g")
    for _ in range(18):
        if page.evaluate("document.activeElement.closest('tr').dataset.code") == wanted:
            break
        keys.press("ArrowDown")
    keys.press("Enter")
    assert page.evaluate("gisgrid.editor.selected") == wanted
    expect(page.locator("#grids-table tr[aria-current]")).to_have_attribute("data-code", wanted)
    assert page.evaluate(
        "(code) => gisgrid.town.getBounds().contains(gisgrid.editor.grids.of.get(code).getBounds())",
        wanted,
    )
    keys.press("b")
    keys.press("Enter")
    keys.press("i")  # a corner in the middle of a straight border
    line = "gisgrid.editor.line.getLatLngs().map((p) => [p.lng, p.lat])"
    straight = page.evaluate(line)
    middle = int(page.get_attribute("html", "data-corner") or 0)
    keys.press("ArrowRight")
    east = page.evaluate(line)
    assert metres(straight[middle], east[middle]) == pytest.approx((1, 0), abs=0.02)
    keys.press("Shift+ArrowUp")
    north = page.evaluate(line)
    assert metres(east[middle], north[middle]) == pytest.approx((0, 10), abs=0.2)
    assert [c for k, c in enumerate(north) if k != middle] == [
        c for k, c in enumerate(straight) if k != middle
    ]
    page.wait_for_selector("#live table")
    before = page.inner_text("#grids-table tbody")
    edit = edit_of(seen, lambda: keys.press("Enter"))
    ((corners),) = edit["arcs"].values()
    assert edit["kind"] == "drag" and corners[middle] == pytest.approx(north[middle], abs=1e-7)
    expect(page.locator("html[data-version='1']")).to_be_attached()
    expect(page.locator(".border:focus")).to_have_count(1)
    assert page.inner_text("#grids-table tbody") != before, "the rows follow"
    # What is not kept is as it was.
    keys.press("Enter")
    was = page.evaluate(line)
    keys.press("ArrowLeft")
    keys.press("Escape")
    assert page.evaluate("gisgrid.editor.view.version") == 1
    drawn = page.evaluate(
        "[...gisgrid.editor.arcs.of.values()].map((l) => l.getLatLngs().map((p) => [p.lng, p.lat]))"
    )
    assert was in drawn
    keys.press("Control+z")
    expect(page.locator("html[data-version='2']")).to_be_attached()
    # Tools and table fold, and nothing lies over the map.
    keys.press("d")
    expect(page.locator("#grids-table")).to_be_hidden()
    keys.press("t")
    expect(page.locator("#panel")).to_be_hidden()
    assert page.evaluate("window.pointed") == 0
    assert page.evaluate(OVER) == []


def test_colours_layers_and_the_map_at_each_width(
    seen: Visit, store: tuple[Engine, Town], draft: int
):
    page = seen.page
    seen.open(f"/plan/{draft}")
    # By houses: each grid in the colour that the legend has for its number.
    page.select_option("#colour-by", "houses")
    expect(page.locator("#legend-title")).to_have_text("房屋")
    lines = page.evaluate(KEY, "legend")
    fills = page.evaluate(f"({FILLS})(gisgrid.editor.grids)")
    held = page.evaluate(
        "Object.fromEntries(gisgrid.editor.view.grids.map((g) => [g.code, g.houses]))"
    )

    def of(count: int, lines: list[list[str]]) -> str:
        return next(
            colour for colour, words in lines
            if int(words.split(" – ")[0]) <= count <= int(words.split(" – ")[-1])
        )  # fmt: skip

    assert fills == {code: of(count, lines) for code, count in held.items()}
    assert len(set(fills.values())) > 2
    # Two grids made one hold more than any did: the legend has a place for it.
    west, east = pair(page)
    row = page.locator(f"#grids-table tr[data-code='{west['code']}'] th[scope=row] button")
    row.focus()
    merge = {"kind": "merge", "into": west["code"], "gone": east["code"]}
    page.evaluate("(edit) => gisgrid.editor.keep(edit)", merge)
    expect(page.locator("html[data-version='1']")).to_be_attached()
    expect(row).to_be_focused()
    both = held[west["code"]] + held[east["code"]]
    assert both > max(held.values()), "the town was made so"
    now = page.evaluate(KEY, "legend")
    assert now != lines and now[-1][1].endswith(str(both))
    assert page.evaluate(f"({FILLS})(gisgrid.editor.grids)")[west["code"]] == of(both, now)
    page.select_option("#colour-by", "deviation")
    expect(page.locator("#legend-title")).to_contain_text("工作量")
    # An empty tolerance is the one it began with; what the bar compares with, and leaves out, is said.
    page.fill("#tolerance", "")
    expect(page.locator("#figure-outside dt")).to_have_text("超出 ±1.0 % 的网格")
    expect(page.locator("#figures-from")).to_be_hidden()
    page.evaluate(
        "() => { const { view } = gisgrid.editor; Object.assign(view.figures, { unserved_grids: 2, unserved_minutes: 1234.4 });"
        " gisgrid.editor.show({ ...view, stale: true }); }"
    )
    expect(page.locator("#figures-from")).to_have_text("箭头前为本方案所依据的“2022年方案”的数值。")
    expect(page.locator("#figure-gini")).to_contain_text("未计 2 个无人在岗的网格（1,234 分钟）")
    # Layers go and come by their boxes.
    page.click("#layers-section summary")
    boxes = page.locator("[data-layer]")
    for number in range(boxes.count()):
        box = boxes.nth(number)
        was, shown = box.is_checked(), page.evaluate(LAYERS)
        box.click()
        assert page.evaluate(LAYERS) == shown + (-1 if was else 1), box.get_attribute("data-layer")
        box.click()
        assert page.evaluate(LAYERS) == shown
    # Nothing lies over the map, with all panels open, a grid chosen and counts shown.
    page.evaluate("(code) => gisgrid.editor.select(code)", west["code"])
    expect(page.locator("#notice")).to_be_hidden()  # what was kept is told for a moment
    for width, height in ((1440, 900), (1280, 720), (360, 740)):
        page.set_viewport_size({"width": width, "height": height})
        page.locator(".editor-map").scroll_into_view_if_needed()
        seen.settle()
        assert page.evaluate(OVER) == [], width
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        box = page.locator(".editor-map").bounding_box()
        assert box is not None and box["height"] > 0.25 * height, width
        picture(page, f"editor_unfolded_{width}.png")


OVER = """() => { const box = gisgrid.town.getContainer().getBoundingClientRect(), out = [];
  for (let i = 1; i < 20; i++) for (let j = 1; j < 20; j++) {
    const at = document.elementFromPoint(box.x + box.width * i / 20, box.y + box.height * j / 20);
    if (at && !at.closest(".leaflet-container")) out.push(at.outerHTML.slice(0, 60)); }
  return out; }"""
LAYERS = "[gisgrid.layers.houses, gisgrid.layers.streets, gisgrid.layers.areas, gisgrid.editor.posts, gisgrid.editor.uncovered, gisgrid.editor.offered].filter((l) => gisgrid.town.hasLayer(l)).length"


def metres(one: list[float], other: list[float]) -> tuple[float, float]:
    """From one place to another, to the east and to the north of the map's grid, half a degree off the true north."""
    xy = to_metric(np.array([shapely.Point(one), shapely.Point(other)]), 4549)
    return float(xy[1].x - xy[0].x), float(xy[1].y - xy[0].y)
