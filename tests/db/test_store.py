"""The embedded store and its migrations."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gisgrid.core.errors import StoreUnavailable
from gisgrid.db import listen, migrate
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import copy_rows, open_engine, transaction
from tests.support.factories import create_house, create_plan, create_township
from tests.support.sketch import spot
from tests.support.waiting import eventually


def test_the_migrations_and_the_mapped_classes_agree(engine: Engine):
    with engine.connect() as connection:
        assert migrate.differences(connection) == []


def test_migrations_go_down_to_nothing_and_up_again(engine: Engine):
    migrate.downgrade(engine, "base")
    own = set(inspect(engine).get_table_names()) - {"spatial_ref_sys", "alembic_version"}
    assert own == set()
    migrate.upgrade(engine)
    assert migrate.current(engine) == migrate.head()


def test_the_cluster_listens_on_no_network_address(cluster: Cluster, engine: Engine):
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW listen_addresses")) == ""
    assert (cluster.socket_dir / ".s.PGSQL.5432").is_socket()
    assert cluster.socket_dir.stat().st_mode & 0o077 == 0


def test_the_server_does_not_run_as_root(cluster: Cluster):
    pid = int((cluster.data / "postmaster.pid").read_text().split()[0])
    assert Path(f"/proc/{pid}").stat().st_uid != 0


def test_a_listener_hears_at_once_and_stops_at_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    # However seldom it looks by itself whether its connection still is one.
    monkeypatch.setattr(listen, "PULSE_S", 86_400.0)
    heard: list[str] = []
    listener = listen.Listener(lambda: engine.url)
    listener.hear("here", heard.append)
    before = set(threading.enumerate())
    listener.start()
    (thread,) = set(threading.enumerate()) - before
    assert eventually(lambda: listener.listening)
    for word in ("one", "two"):
        with engine.begin() as connection:
            connection.execute(text(f"NOTIFY here, '{word}'"))
        assert eventually(lambda word=word: word in heard)
    assert heard == ["one", "two"]
    listener.close()
    assert not thread.is_alive() and not listener.listening
    listener.close()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that the server's user can enter; pytest's own is closed to all but root."""
    with tempfile.TemporaryDirectory(prefix="gg") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_cluster_keeps_its_rows_over_a_restart_and_starts_twice(open_folder: Path):
    cluster = Cluster.at(open_folder / ("deep" * 20), fsync="off")
    assert not cluster.status().exists
    cluster.start()
    cluster.start()
    try:
        engine = create_engine(cluster.url())
        with engine.begin() as c:
            c.execute(text("CREATE TABLE kept AS SELECT 7 AS n"))
        engine.dispose()
        assert cluster.stop()
        assert not cluster.stop()
        cluster.start()
        with engine.connect() as c:
            assert c.scalar(text("SELECT n FROM kept")) == 7
        engine.dispose()
    finally:
        cluster.stop()


def test_a_server_that_does_not_answer_is_named():
    with pytest.raises(StoreUnavailable, match="No database answers at"):
        open_engine("postgresql+psycopg://nobody:secret@127.0.0.1:1/none")


def test_the_password_stays_out_of_the_error():
    with pytest.raises(StoreUnavailable) as caught:
        open_engine("postgresql+psycopg://nobody:secret@127.0.0.1:1/none")
    assert "secret" not in str(caught.value)


def test_an_error_undoes_the_whole_transaction(engine: Engine):
    with pytest.raises(IntegrityError), transaction(engine) as session:
        township = create_township(session)
        create_house(session, township, spot(0.5, 0.5), code="same")
        create_house(session, township, spot(0.5, 0.5), code="same")
    with transaction(engine, read_only=True) as session:
        assert session.scalar(text("SELECT count(*) FROM area")) == 0


def test_copy_puts_rows_inside_the_transaction(session: Session):
    session.execute(text("CREATE TEMP TABLE stage (code text, n int)"))
    assert copy_rows(session, "stage", ["code", "n"], [("007", 1), (None, 2)]) == 2
    assert session.execute(text("SELECT code FROM stage ORDER BY n")).scalars().all() == [
        "007",
        None,
    ]


def test_a_changed_row_leaves_its_old_self_in_history(session: Session):
    township = create_township(session)
    house = create_house(session, township, spot(0.5, 0.5), address="旧路1号")
    house.address = "新路1号"
    session.flush()
    old = session.execute(
        text("SELECT old FROM history WHERE table_name = 'house' AND row_id = :id"),
        {"id": house.id},
    ).scalar_one()
    assert old["address"] == "旧路1号"
    assert old["geom"]["type"] == "Point"


@pytest.mark.parametrize(
    "validity",
    [
        Range(date(2029, 12, 31), date(2031, 1, 1)),  # a day of another plan
        Range(date(2050, 1, 1), None),  # a second one without an end
        Range(date(2035, 1, 1), date(2035, 1, 1)),  # no day at all
        Range(None, date(2020, 1, 1)),  # never begun
    ],
)
def test_two_plans_are_never_in_force_on_one_day(session: Session, validity: Range[date]):
    township = create_township(session)
    create_plan(session, township, validity=Range(date(2022, 1, 1), date(2030, 1, 1)))
    create_plan(session, township, validity=Range(date(2040, 1, 1), None))
    with pytest.raises(IntegrityError):
        create_plan(session, township, validity=validity)


@pytest.mark.parametrize("state", ["draft", "retired", "in_review"])
def test_only_a_published_plan_has_days(session: Session, state: str):
    with pytest.raises(IntegrityError):
        create_plan(session, create_township(session), state=state)
