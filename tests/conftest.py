"""A private PostGIS for the whole run; a machine without one fails the tests, it skips none."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from gisgrid.db import migrate, store
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction

# First: tests write files with pyogrio themselves, and GDAL learns once what it may not do.
from gisgrid.files import gdal, reading_apart  # noqa: F401
from gisgrid.jobs import worker
from gisgrid.people import passwords
from tests.support import forked_readers
from tests.support.database import Filled, own_database, rolled_back, throwaway_cluster
from tests.support.town_f import load_town
from tests.support.town_files import make_town

WANTED = {
    "real": ("GISGRID_REAL_DATA", "real data"),
    "cases": ("GISGRID_IMPORT_CASES", "files as people send them"),
}
"""Marker of tests on files that are no part of the project → who names their folder, and what they are."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without the files their tests are left out, and the run says so."""
    absent = [item for item in items if any(item.get_closest_marker(m) for m in _left_out())]
    if absent:
        items[:] = [item for item in items if item not in absent]
        config.hook.pytest_deselected(items=absent)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for variable, what in _left_out().values():
        terminalreporter.write_line(f"Tests on {what} are left out: {variable} names no folder.")


def _left_out() -> dict[str, tuple[str, str]]:
    return {marker: named for marker, named in WANTED.items() if not os.environ.get(named[0])}


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """A hash shall be costly for who guesses, not for who tests; ``test_keys`` holds what it costs."""
    with pytest.MonkeyPatch.context() as patch:
        cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
        patch.setattr(passwords, "hasher", cheap)
        yield


@pytest.fixture(scope="session", autouse=True)
def _kept_engines() -> Iterator[None]:
    """A command in a process of its own makes its engine once; those of a run share theirs.

    What a command lets go at its end is left open: entering the store anew costs more than most ask of it.
    """
    kept: dict[str, Engine] = {}

    with pytest.MonkeyPatch.context() as patch, pytest.MonkeyPatch.context() as opened:

        def engine(url: str, **options: Any) -> Engine:
            if url not in kept:
                kept[url] = create_engine(url, **options)
                opened.setattr(kept[url], "dispose", lambda: None)
            return kept[url]

        patch.setattr(store, "create_engine", engine)
        yield
    for each in kept.values():
        each.dispose()


@pytest.fixture(scope="session", autouse=True)
def _routes_compiled_once() -> Iterator[None]:
    """An application compiles what makes its addresses, which is most of its start; those of a run share it."""
    compiled: dict[object, Callable[..., Any]] = {}
    compile_one = Rule._compile_builder

    def builder(rule: Rule, append_unknown: bool = True) -> Callable[..., Any]:
        key = rule.rule, rule.endpoint, str(rule.defaults), append_unknown
        if key not in compiled:
            compiled[key] = compile_one(rule, append_unknown)
        return compiled[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", builder)
        yield


@pytest.fixture(scope="session", autouse=True)
def _processes_with_all_imported() -> Iterator[None]:
    """Computations of jobs and readers of files are forked from one that has imported what they need."""
    processes = multiprocessing.get_context("forkserver")
    jobs = (worker.__name__, "gisgrid.jobs.computing")
    processes.set_forkserver_preload([*jobs, *forked_readers.PRELOADED])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "PROCESSES", processes)
        patch.setattr(reading_apart, "_run", forked_readers.run)
        yield


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with throwaway_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """Name of a migrated database that others are copied from."""
    engine = create_engine(cluster.url())
    migrate.upgrade(engine)
    engine.dispose()
    return "gisgrid"


@pytest.fixture(scope="session")
def _shared_engine(cluster: Cluster, template: str) -> Iterator[Engine]:
    with own_database(cluster, template, "shared") as engine:
        yield engine


@pytest.fixture
def session(_shared_engine: Engine) -> Iterator[Session]:
    """A session whose work is rolled back after the test."""
    with rolled_back(_shared_engine) as session:
        yield session


@pytest.fixture(scope="session")
def fill() -> Callable[[Session], object] | None:
    """What ``engine`` holds. A module has its own: done once, and copied for each of its tests."""
    return None


@pytest.fixture
def _own(
    cluster: Cluster, template: str, filled: Filled, fill: Callable[[Session], Any] | None
) -> Iterator[tuple[Engine, Any]]:
    if fill is None:
        with own_database(cluster, template, "own") as engine:
            yield engine, None
    else:
        with filled(fill) as own:
            yield own


@pytest.fixture
def engine(_own: tuple[Engine, Any]) -> Engine:
    """A migrated database of the test's own, for what commits; empty but for what ``fill`` put in."""
    return _own[0]


@pytest.fixture
def made(_own: tuple[Engine, Any]) -> Any:
    """What ``fill`` returned."""
    return _own[1]


@pytest.fixture(scope="session")
def filled(cluster: Cluster, template: str) -> Iterator[Filled]:
    """``filled(fill)``: a database of the test's own, copied from one that ``fill`` made once."""
    filled = Filled(cluster, template)
    yield filled
    filled.close()


@pytest.fixture(scope="session")
def town_template(cluster: Cluster, template: str) -> Iterator[str]:
    """Name of a database that holds Town F and that others are copied from."""
    with own_database(cluster, template, "town_f") as engine:
        with transaction(engine) as session:
            load_town(session)
        engine.dispose()
        assert engine.url.database
        yield engine.url.database


@pytest.fixture(scope="session")
def filled_town(cluster: Cluster, town_template: str) -> Iterator[Filled]:
    """As ``filled``, upon Town F."""
    filled = Filled(cluster, town_template)
    yield filled
    filled.close()


@pytest.fixture(scope="session")
def town_engine(cluster: Cluster, town_template: str) -> Iterator[Engine]:
    """A database that holds Town F; whoever changes it rolls back."""
    with own_database(cluster, town_template, "town") as engine:
        yield engine


@pytest.fixture(scope="session")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Town F with every planted fault; for who reads only."""
    folder = tmp_path_factory.mktemp("messy")
    make_town("--messy", str(folder))
    return folder


@pytest.fixture
def own_town(cluster: Cluster, town_template: str) -> Iterator[Engine]:
    """Town F in a database of the test's own, for what commits."""
    with own_database(cluster, town_template, "own_town") as engine:
        yield engine


@pytest.fixture
def town(town_engine: Engine) -> Iterator[Session]:
    """A session on Town F, rolled back after the test."""
    with rolled_back(town_engine) as session:
        yield session
