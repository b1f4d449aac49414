"""Imports run one way: web -> layers -> gisgrid; and the domain knows no Flask, no Folium."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAY_NOT = {
    "gisgrid": {"layers", "web", "flask", "flask_babel", "flask_smorest", "folium", "branca"},
    "layers": {"web", "flask", "flask_babel", "flask_smorest"},
    "web": {"folium", "branca"},
}


def imported(source: str) -> set[str]:
    """First names of all modules a source imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


# What could open a connection to another host: no room has a reason to.
OUTSIDE = {
    "aiohttp", "ftplib", "httpx", "requests", "smtplib", "socket", "ssl", "telnetlib", "urllib3",
    "xmlrpc", "http.client", "urllib.request",
}  # fmt: skip


@pytest.mark.parametrize("room", MAY_NOT)
def test_a_room_imports_only_what_lies_below_it(room: str):
    sources = sorted((ROOT / room).rglob("*.py"))
    assert sources
    wrong = {
        str(path.relative_to(ROOT)): sorted(found)
        for path in sources
        if (found := imported(path.read_text("utf-8")) & MAY_NOT[room])
    }
    assert wrong == {}


ROOMS = [
    "core", "db", "balance", "files", "locate", "register", "outbox", "people", "planning", "cases", "collection", "paper", "loading",
    "jobs", "cli",
]  # fmt: skip
"""From the ground up, as in the contracts of import-linter, which does not see a module that is named in a text."""


def named(source: str, modules: set[str]) -> set[str]:
    """Modules that texts of a source name, as ``import_module`` and ``python -m`` take them."""
    return {
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in modules
    }


def test_no_room_names_a_module_of_a_room_above_it():
    files = [path for top in MAY_NOT for path in (ROOT / top).rglob("*.py")]
    module = {
        path: ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in files
    }

    def floor(name: str) -> int:
        top, _, rest = name.partition(".")
        room = rest.partition(".")[0]
        return {"web": 101, "layers": 100}.get(top) or (ROOMS.index(room) if room in ROOMS else 99)

    modules = {name for name in module.values() if "." in name}
    wrong = {
        f"{name}: {other}"
        for path, name in module.items()
        for other in named(path.read_text("utf-8"), modules)
        if floor(other) > floor(name)
    }
    assert wrong == set()
    assert named("import_module('web.app')", modules) == {"web.app"}


def test_every_room_stands_in_the_contract():
    folders = {path.parent.name for path in (ROOT / "gisgrid").glob("*/__init__.py")}
    assert folders == set(ROOMS)


def test_every_family_of_pages_stands_in_the_contract():
    folders = {f"web.{path.parent.name}" for path in (ROOT / "web").glob("*/__init__.py")}
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    (families,) = (
        contract["layers"]
        for contract in contracts["contracts"]
        if contract["name"].startswith("families of pages")
    )
    standing = [family for floor in families for family in floor.split(" | ")]
    assert sorted(standing) == sorted({*folders, "web.app"})


def test_nothing_can_ask_another_host():
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for room in MAY_NOT
        for path in (ROOT / room).rglob("*.py")
        for name in re.findall(
            r"^\s*(?:import|from) +([\w.]+)", path.read_text("utf-8"), re.MULTILINE
        )
        if name in OUTSIDE or name.split(".")[0] in OUTSIDE
    }
    # The server takes the very socket that it listens on. Messages leave by one module, to the host that
    # whoever has the server named.
    letters = {f"gisgrid/outbox/letters.py: {name}" for name in ("http.client", "smtplib", "ssl")}
    assert wrong - letters == {"web/server/ports.py: socket"}


def test_what_tests_share_stands_in_their_support():
    """No test imports another test, a conftest, or the helper of another folder than ``support``."""
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "tests").rglob("*.py")
        for name in re.findall(
            r"^\s*(?:import|from) +(tests[\w.]*)", path.read_text("utf-8"), re.MULTILINE
        )
        if not name.startswith("tests.support")
    }
    assert wrong == set()


def test_no_test_sleeps_or_looks_at_a_clock():
    """They wait for what shall happen; how long it takes is for ``scripts/bench``."""
    clocks = re.compile(r"\b(?:sleep|monotonic|perf_counter|wait_for_timeout)\(")
    wrong = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if clocks.search(re.sub(r"pg_sleep\(", "", path.read_text("utf-8")))
    }
    assert wrong == {"tests/support/waiting.py"}


def test_the_check_sees_an_import_inside_a_function():
    assert imported("def f():\n    import web.app\n    from flask import g") == {"web", "flask"}


def test_no_two_classes_have_one_name():
    found: dict[str, list[str]] = {}
    for top in MAY_NOT:
        for path in sorted((ROOT / top).rglob("*.py")):
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.ClassDef):
                    found.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert {name: places for name, places in found.items() if len(places) > 1} == {}
