"""How long the service takes to be ready, and how much memory it holds when it stands idle.

Proportional set size: what several processes share counts once, divided among them. The private store is not
counted: it was there before, and is PostgreSQL's.
"""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from frame import ROOT, machine, options, parsed, private_store, write_report

from gisgrid.db.store import transaction
from tests.support.town_f import load_town

GOAL_MB = 350
PAGES = ("/", "/lookup", "/report", "/account/login", "/api/v1/locate?lon=120.8894&lat=40.7021")
ROUNDS = 8
SETTLES_S = 5.0
BEFORE_MB = 870
"""Of the same service idle, when each process loaded everything by itself."""


def main() -> None:
    args = parsed(options("start", __doc__, page="docs/benchmarks/start.md"))
    gisgrid = [str(ROOT / ".venv/bin/gisgrid"), "serve"]
    with private_store() as store, tempfile.TemporaryDirectory() as folder:
        with transaction(store.engine) as session:
            load_town(session)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        env = {
            **os.environ,
            "DATABASE_URL": store.engine.url.render_as_string(hide_password=False),
            "GISGRID_WEB_DATABASE_URL": store.web_url,
            "GISGRID_SECRET_KEY": "k" * 40,
            "GISGRID_WEB_WORKERS": "2",
            "LC_ALL": "C.UTF-8",
        }
        rows = []
        for name, cache in (("kernels compiled", folder), ("kernels from the cache", folder)):
            said = Path(folder) / "said"
            begun = time.monotonic()
            with said.open("w") as file:
                process = subprocess.Popen(
                    [*gisgrid, "--port", str(port), "--worker"],
                    env={**env, "NUMBA_CACHE_DIR": cache},
                    stderr=file,
                )
            try:
                while "the service is ready" not in said.read_text():
                    if process.poll() is not None or time.monotonic() - begun > 600:
                        sys.exit(said.read_text())
                    time.sleep(0.05)
                took = time.monotonic() - begun
                time.sleep(SETTLES_S)
                idle = held(process.pid)
                for path in PAGES * ROUNDS:
                    ask(port, path)
                rows.append((name, took, idle, held(process.pid)))
            finally:
                process.terminate()
                process.wait(60)
    write_report(args, report(rows))


def held(pid: int) -> dict[str, int]:
    """MB that each process below one holds, by its name, and that one itself."""
    found = {}
    for each in (pid, *below(pid)):
        text = Path(f"/proc/{each}/smaps_rollup").read_text()
        name = Path(f"/proc/{each}/comm").read_text().strip()
        if not name.startswith("gisgrid "):
            name = "supervisor" if each == pid else "program"
        match = re.search(r"^Pss: +(\d+)", text, re.MULTILINE)
        found[name] = round(int(match[1]) / 1024) if match else 0
    return found


def below(pid: int) -> list[int]:
    children = [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return children + [more for child in children for more in below(child)]


def ask(port: int, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    connection.getresponse().read()
    connection.close()


def report(rows: list[tuple[str, float, dict[str, int], dict[str, int]]]) -> list[str]:
    names = list(rows[0][2])
    lines = [
        "# Start and memory",
        "",
        "Written by `scripts/bench start --write`: `gisgrid serve` with 2 server processes and the worker over Town F. "
        f"Proportional set size in MB, idle {SETTLES_S:.0f} s after “the service is ready”, and after {len(PAGES) * ROUNDS} "
        f"requests (map, look-up, report, log-in, API). Goal: idle ≤ {GOAL_MB} MB.",
        "",
        machine(),
        "",
        "| | ready after s | " + " | ".join(names) + " | idle MB | in use MB |",
        "|---|" + "---:|" * (len(names) + 3),
    ]
    for name, took, idle, used in rows:
        each = " | ".join(str(idle[n]) for n in names)
        lines.append(
            f"| {name} | {took:.1f} | {each} | **{sum(idle.values())}** | {sum(used.values())} |"
        )
    lines += ["", f"Before, each process loaded everything by itself: {BEFORE_MB} MB idle."]
    return lines


if __name__ == "__main__":
    main()
