"""How long do the packs of Town F take, part by part; how long by WeasyPrint, and by a run of Chromium a grid?

WeasyPrint is no part of the product: ``--weasyprint PYTHON`` names a Python that has it. It prints the same page.
"""

from __future__ import annotations

import io
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from frame import machine, options, parsed, private_store, write_report
from pypdf import PdfReader
from sqlalchemy import Engine

from gisgrid.core import plans
from gisgrid.db.store import Actor, acting, transaction
from gisgrid.files.pdf import as_pdf
from gisgrid.paper.contents import Packs, packs
from gisgrid.paper.printing import LIMIT_S, print_packs
from gisgrid.paper.sheets import html
from tests.support.accounts import appointed, web_engine
from tests.support.town_f import load_town

T = TypeVar("T")
SITE = "https://grid.example"
SOME = 8
"""Grids that WeasyPrint prints: all would take it minutes."""
WEASY = """
import resource, sys, time
from weasyprint import HTML
began, before = time.perf_counter(), time.process_time()
made = HTML(sys.argv[1]).render()
made.write_pdf(sys.argv[2])
print(len(made.pages), time.perf_counter() - began, time.process_time() - before,
      resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@dataclass(frozen=True)
class Took:
    """Seconds of the clock, and of the processors: ours and those of programs that were started."""

    wall: float
    cpu: float


def timed(work: Callable[[], T]) -> tuple[T, Took]:
    begun, before = time.perf_counter(), processors()
    made = work()
    return made, Took(time.perf_counter() - begun, processors() - before)


def processors() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def read(engine: Engine, account: int, purpose: str | None) -> Packs:
    with transaction(acting(web_engine(engine), Actor(account, purpose, "bench"))) as session:
        place = plans.township(session)
        return packs(session, place, plans.plan_in_force(session, place.id), purpose=purpose)


def row(what: str, took: Took, pages: int | str = "", size: int | None = None) -> str:
    mb = "" if size is None else f"{size / 1e6:.1f}"
    return f"| {what} | {took.wall:.1f} | {took.cpu:.1f} | {pages} | {mb} |"


def main() -> None:
    parser = options("paper", __doc__, page="docs/benchmarks/paper.md")
    parser.add_argument("--weasyprint", metavar="PYTHON", help="a Python that has WeasyPrint")
    args = parsed(parser)
    with private_store(fsync="off", synchronous_commit="off") as store:
        with transaction(store.engine) as session:
            load_town(session)
            account = appointed(session, "township_government")
        lines = [
            "# Paper",
            "",
            "Written by `scripts/bench paper --write`: all packs of Town F (53 grids, 2,000 houses, 8,003 people) in Chinese, with "
            "plan sheet, round list, list for an emergency and notice, at 18 points. CPU s: of this program and of those that it "
            "waits for; of Chromium that is its first process alone, so it is the seconds of the clock that compare.",
            "",
            machine(),
            "",
            "| what | seconds | CPU s | pages | MB |",
            "|---|---:|---:|---:|---:|",
        ]
        for name, purpose in (("masked", None), ("open", "care")):
            found, took = timed(lambda purpose=purpose: read(store.engine, account, purpose))
            lines.append(row(f"{name}: read", took))
            page, took = timed(lambda found=found: html(found, language="zh", site=SITE))
            lines.append(row(f"{name}: maps and page", took, size=len(page.encode())))
            made, took = timed(lambda page=page: as_pdf(page, limit_s=LIMIT_S, tagged=False))
            lines.append(
                row(
                    f"{name}: Chromium, one run",
                    took,
                    len(PdfReader(io.BytesIO(made)).pages),
                    len(made),
                )
            )
            printed, took = timed(lambda found=found: print_packs(found, language="zh", site=SITE))
            lines.append(
                row(
                    f"**{name}: all, one PDF and one a grid**",
                    took,
                    printed.pages,
                    len(printed.whole),
                )
            )
        lines += peers(found, args.weasyprint)
        lines += ["", f"Of {SOME} grids and open, since a peer needs its time."]
    write_report(args, lines)


def peers(found: Packs, weasyprint: str | None) -> list[str]:
    """The same of some grids: by one run, by a run a grid, by WeasyPrint."""
    few = replace(found, grids=found.grids[:SOME], astray=())
    page = html(few, language="zh", site=SITE)
    made, took = timed(lambda: as_pdf(page, tagged=False))
    pages = len(PdfReader(io.BytesIO(made)).pages)
    lines = [row(f"{SOME} grids: Chromium, one run", took, pages, len(made))]
    each = [html(replace(few, grids=(grid,)), language="zh", site=SITE) for grid in few.grids]
    apart, took = timed(lambda: [as_pdf(one, tagged=False) for one in each])
    lines.append(row(f"{SOME} grids: Chromium, a run a grid", took, size=sum(map(len, apart))))
    if weasyprint:
        with tempfile.TemporaryDirectory() as folder:
            source, out = Path(folder) / "page.html", Path(folder) / "page.pdf"
            source.write_text(page, encoding="utf-8")
            said = subprocess.run(
                [weasyprint, "-c", WEASY, str(source), str(out)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                check=True, text=True,
            ).stdout.split()  # fmt: skip
            took = Took(float(said[1]), float(said[2]))
            lines.append(
                row(
                    f"{SOME} grids: WeasyPrint ({float(said[3]):.0f} MB of memory)",
                    took,
                    said[0],
                    out.stat().st_size,
                )
            )
    return lines


if __name__ == "__main__":
    sys.exit(main())
