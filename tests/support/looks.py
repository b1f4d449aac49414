"""What is wrong with how a page looks: by axe, by the size of what is pressed and read, by its width."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page

PICTURES = os.environ.get("GISGRID_PICTURES")
"""Folder for what the pages look like, for people to look at; where none is named no picture is taken, which is a
quarter of a page's time."""
AXE = Path(__file__).parents[1] / "vendor" / "axe.min.js"
WIDTHS = (1440, 360, 641, 768, 1024, 1280, 1920)
PHONES = ((360, 740), (412, 915))
PHONE, SIZES = 360, ("0", "1", "2")

# What is smaller than a pointer needs, type that is too fine, what sticks out sideways, and on a desk words of a table
# that are broken, or a number from its unit.
LOOK = r"""(least) => {
  const drawn = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length;
  const seen = (e) => drawn(e) && !e.closest(".leaflet-container");
  const name = (e) => `${e.tagName} ${e.id || e.className} ${e.textContent.trim().slice(0, 30)}`;
  const inText = (e) => e.tagName === "A" && getComputedStyle(e).display === "inline" && e.parentElement.textContent.trim() !== e.textContent.trim();
  const small = [...document.querySelectorAll("button, a, summary, select, input:not([type=hidden])")].filter((e) => {
    if (!seen(e) || inText(e) || e.closest("label") && e.matches("[type=radio], [type=checkbox]")) return false;
    const box = e.getBoundingClientRect();
    return Math.min(box.width, box.height) < least - 0.5;
  }).map(name);
  // What is drawn is read at the size at which its picture stands on the screen.
  const read = (e) => parseFloat(getComputedStyle(e).fontSize) * (e instanceof SVGGraphicsElement ? e.getScreenCTM().a : 1);
  const fine = [...document.querySelectorAll("body *")].filter((e) => drawn(e)
    && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) && !e.closest("title, desc") && read(e) < 11.99).map(name);
  const wide = document.documentElement.scrollWidth - innerWidth;
  const broken = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = innerWidth > 1000 && texts.nextNode(); node; node = texts.nextNode()) {
    if (!node.parentElement.closest("th, td, .badge, .button") || !seen(node.parentElement)) continue;
    for (const word of node.data.matchAll(/[A-Za-z]{2,15}|\d+ %/g)) {
      const range = new Range();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
      if (lines.size > 1) broken.push(word[0]);
    }
  }
  return { small, fine, wide: wide > 0 ? wide : 0, broken };
}"""


_LARGER = (
    "(size) => { const set = document.documentElement.dataset; set.size = size;"
    " if (set.density !== 'desk') set.density = 'elder'; }"
)


def picture(page: Page, name: str, *, full_page: bool = False) -> None:
    """A picture of an open page for whoever looks at the run: no test asks it anything."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / name, full_page=full_page)


def shots(page: Page, name: str) -> None:
    """Pictures of an open page at a desk and on a phone."""
    for width in (1440, PHONE) if PICTURES else ():
        page.set_viewport_size({"width": width, "height": 900})
        picture(page, f"{name}-{width}.png", full_page=True)


def faults(page: Page, host: str, path: str, lang: str) -> dict[str, object]:
    """Where something is amiss on a page, and what; empty: nowhere."""
    found: dict[str, object] = {}
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    page.goto(f"{host}{path}{'&' if '?' in path else '?'}lang={lang}", wait_until="load")
    page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true")
    page.evaluate(AXE.read_text())
    for each in page.evaluate(
        'axe.run(document, { resultTypes: ["violations"], selectors: false })'
    )["violations"]:
        found[f"{path} {lang} {each['id']}"] = [n["html"][:160] for n in each["nodes"]][:3]
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for what, which in page.evaluate(LOOK, 24).items():
            if which:
                found[f"{path} {lang} {width} {what}"] = which
    found |= larger_on_a_phone(page, f"{path} {lang}")
    return found


def larger_on_a_phone(page: Page, path: str) -> dict[str, object]:
    """How many pixels an open page is too wide on a phone with large type, at each size that a person may choose.

    What is made for a desk alone keeps its density."""
    found: dict[str, object] = {}
    page.set_viewport_size({"width": PHONE, "height": 900})
    for size in SIZES:
        page.evaluate(_LARGER, size)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            found[f"{path} {PHONE} large type {size} wide"] = wide
    return found


def sound(page: Page, *, least: int) -> None:
    """No fault for axe, nothing too small or wider than the screen."""
    page.evaluate(AXE.read_text())
    assert [v["id"] for v in page.evaluate("axe.run(document)")["violations"]] == []
    looked = page.evaluate(LOOK, least)
    assert {what: which for what, which in looked.items() if which} == {}
