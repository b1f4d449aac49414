"""What on a page is harder than old eyes and hands can do: the rules of MIIT for elders, measured as it is drawn."""

from __future__ import annotations

from playwright.sync_api import Page

TYPE_PX, SPACING, TARGET_PX, GAP_PX, CONTRAST = 24, 1.3, 60, 8, 4.5
"""18 pt of type; line height by size of type; width and height of what is touched; between two of them; of type to ground."""

# Contrast is axe's to say, which knows what lies behind what. A link within running text is read, not aimed at.
_LOOK = r"""([typePx, spacing, targetPx, gapPx]) => {
  const seen = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && e.getClientRects().length && !e.closest(".leaflet-container, .symbols");
  const name = (e) => `${e.tagName} ${e.id || e.className?.baseVal || e.className} ${e.textContent.trim().slice(0, 24)}`;
  const own = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  const inText = (e) => e.tagName === "A" && getComputedStyle(e).display === "inline" && e.parentElement.textContent.trim() !== e.textContent.trim();
  const texts = [...document.querySelectorAll("body *")].filter((e) => seen(e) && own(e) && !e.closest("svg, option"));
  const fine = texts.filter((e) => parseFloat(getComputedStyle(e).fontSize) < typePx - 0.1).map(name);
  const tight = texts.filter((e) => {
    const style = getComputedStyle(e), height = style.lineHeight === "normal" ? 1.2 * parseFloat(style.fontSize) : parseFloat(style.lineHeight);
    return e.getBoundingClientRect().height > 1.9 * height && height / parseFloat(style.fontSize) < spacing - 0.01;
  }).map(name);
  const touched = [...document.querySelectorAll("button, a[href], summary, select, textarea, input:not([type=hidden])")]
    .filter((e) => seen(e) && !inText(e))
    .map((e) => e.matches("[type=radio], [type=checkbox], [type=file]") && e.closest("label") || e)
    .filter((e, n, every) => every.indexOf(e) === n);
  const boxes = touched.map((e) => [e, e.getBoundingClientRect()]).filter(([, box]) => box.width && box.height);
  const small = boxes.filter(([, box]) => Math.min(box.width, box.height) < targetPx - 0.6).map(([e, box]) => `${name(e)} ${Math.round(box.width)}x${Math.round(box.height)}`);
  const fixed = (e) => { for (let up = e; up; up = up.parentElement) if (["fixed", "sticky"].includes(getComputedStyle(up).position)) return up; return null; };
  const close = [];
  boxes.forEach(([one, a], n) => boxes.slice(n + 1).forEach(([other, b]) => {
    if (one.contains(other) || other.contains(one) || fixed(one) !== fixed(other)) return;
    const x = Math.max(a.left, b.left) - Math.min(a.right, b.right), y = Math.max(a.top, b.top) - Math.min(a.bottom, b.bottom);
    if (Math.max(x, y) < gapPx - 0.6) close.push(`${name(one)} | ${name(other)} ${Math.round(Math.max(x, y))}`);
  }));
  const popUps = [...document.querySelectorAll("dialog[open], [role=dialog]")].filter(seen).map(name);
  return { fine, tight, small, close, popUps };
}"""


def hard(page: Page) -> dict[str, list[str]]:
    """What breaks which rule on an open page; empty: nothing does. ``axe`` must be loaded."""
    found = page.evaluate(_LOOK, [TYPE_PX, SPACING, TARGET_PX, GAP_PX])
    found["contrast"] = page.evaluate(
        "axe.run(document, { runOnly: ['color-contrast'] }).then((r) => r.violations.flatMap((v) => v.nodes.map((n) => n.html.slice(0, 80))))"
    )
    return {rule: sorted(set(which)) for rule, which in found.items() if which}
