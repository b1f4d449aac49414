"""Packs as one page of HTML for the printer: plan sheet, round list, list for an emergency, notice at the door."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import shapely
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gisgrid.core.heavy import qrcode
from gisgrid.core.messages import catalogue, say
from gisgrid.paper.contents import GridPack, Packs
from gisgrid.paper.plan_map import PlanMap, plan_map
from gisgrid.people.teams import TEAM_WORDS
from gisgrid.register.values import NEED_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable

TALL_MM, WIDE_MM = (186.0, 198.0), (277.0, 121.0)
"""Width and height of the map on a plan sheet, upright and across; as the style of the sheet has them."""
SHEETS = ("plan", "round", "emergency", "door")
"""What may be printed of a grid."""
SHEET_WORDS = {
    "plan": say("Plan sheet"),
    "round": say("Round list"),
    "emergency": say("List for an emergency"),
    "door": say("Notice at the door"),
}


def public_page(site: str, township: str, code: str) -> str:
    """The address of a grid's public page, which a QR code opens."""
    return f"{site.rstrip('/')}/g/{quote(code, safe='')}?township={quote(township, safe='')}"


def mark(index: int) -> str:
    """The name of the place in the print at which a grid begins."""
    return f"grid-{index}"


def html(packs: Packs, *, sheets: Iterable[str] = SHEETS, language: str, site: str) -> str:
    """Everything as one page, each grid from its `mark` on; houses in no grid come last.

    Parameters
    ----------
    sheets
        Some of ``SHEETS``.
    site
        Address under which residents reach the pages; empty: notices bear no QR code.
    """
    words = catalogue(language).gettext
    wanted = set(sheets)
    return str(
        _template(words).render(
            packs=packs,
            wanted=wanted,
            language=language,
            map_of=lambda pack: _map(packs, pack),
            qr_of=lambda pack: qr(public_page(site, packs.place.code, pack.code)) if site else None,
            site=site.rstrip("/"),
            mark=mark,
            town=(language != "zh" and packs.place.name_en) or packs.place.name,
            role_words={role: words(said) for role, said in TEAM_WORDS.items()},
            need_words={need: words(said) for need, said in NEED_WORDS.items()},
        )
    )


def qr(address: str) -> Markup:
    """An address as a QR code with its quiet zone, read also where a sixth of it is worn off."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4)
    code.add_data(address)
    code.make(fit=True)
    rows = code.get_matrix()
    squares = "".join(
        f"M{k},{n}h1v1h-1z" for n, row in enumerate(rows) for k, dark in enumerate(row) if dark
    )
    return Markup(  # noqa: S704 - numbers
        f'<svg class="qr" viewBox="0 0 {len(rows)} {len(rows)}" shape-rendering="crispEdges">'
        f'<rect width="{len(rows)}" height="{len(rows)}" fill="#fff"/><path d="{squares}"/></svg>'
    )


def _map(packs: Packs, pack: GridPack) -> tuple[PlanMap, bool]:
    """The plan of a grid, and whether it lies across the paper."""
    west, south, east, north = pack.shape_m.bounds
    high, long = max(north - south, 1.0), max(east - west, 1.0)
    # As it is drawn larger.
    width, height = max(TALL_MM, WIDE_MM, key=lambda mm: min(mm[0] / long, mm[1] / high))
    seen = shapely.box(west, south, east, north).buffer(2 * max(long, high, 40.0))
    drawn = plan_map(
        pack.shape_m,
        [(name, shape) for code, name, shape in packs.around.grids if code != pack.code and shape.intersects(seen)],
        [(name, line) for name, line in packs.around.streets if line.intersects(seen)],
        [(house.number, house.xy_m) for house in pack.houses if house.xy_m is not None],
        width_mm=width,
        height_mm=height,
    )  # fmt: skip
    return drawn, (width, height) == WIDE_MM


def _template(words: Callable[[str], str]) -> Any:
    env = Environment(
        loader=PackageLoader("gisgrid.paper"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"],
    )  # fmt: skip
    env.install_gettext_callables(  # type: ignore[attr-defined]
        words, lambda one, many, n: words(one if n == 1 else many), newstyle=True
    )
    return env.get_template("packs.html")
