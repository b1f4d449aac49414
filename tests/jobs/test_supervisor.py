"""The supervisor: what ends is started again, nothing is given up, and all stop in time and in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from gisgrid.core.messages import message
from gisgrid.core.settings import Settings
from gisgrid.db.cluster import Cluster
from gisgrid.db.keeper import KeptCluster
from gisgrid.jobs.supervisor import Process
from tests.support.waiting import eventually
from web.server.program import forks

# What a piece does is written in words of a shell; a byte into {alive} says that it is well.
SCRIPT = """
import sys
from gisgrid.core.messages import message
from gisgrid.jobs.supervisor import Pace, Process, Supervisor
pace = Pace(first_pause_s=0.1, longest_after_ready_s=0.2, stands_s={stands}, look_s=0.1)
store = Process(message("store"), ["sh", "-c", {store!r}.replace("ALIVE", "$0"), "{{alive}}"], stop_s=5)
one = Process(message("one"), ["sh", "-c", {one!r}.replace("ALIVE", "$0"), "{{alive}}"],
              starts_s={starts}, silent_s={silent}, stop_s={stop})
two = Process(message("two"), ["sh", "-c", {two!r}.replace("ALIVE", "$0"), "{{alive}}"], stop_s=5)
Supervisor([(store, None), (one, store), (two, store)], pace).run(ready=lambda: print("all ready", flush=True))
"""
WELL = "echo >&ALIVE; exec sleep 600"


@contextmanager
def supervised(
    folder: Path, *, one: str = WELL, two: str = WELL, store: str = WELL,
    starts: float = 30, silent: float = 600, stop: float = 5, stands: float = 600,
) -> Iterator[subprocess.Popen[str]]:  # fmt: skip
    script = SCRIPT.format(
        one=one, two=two, store=store, starts=starts, silent=silent, stop=stop, stands=stands
    )
    with (folder / "said").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=folder,
            text=True,
            stdout=said,
            stderr=subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def said(folder: Path) -> list[str]:
    return (folder / "said").read_text().splitlines()


def pieces(supervisor: subprocess.Popen[str]) -> list[int]:
    children = Path(f"/proc/{supervisor.pid}/task/{supervisor.pid}/children").read_text()
    return [int(pid) for pid in children.split()]


def test_what_is_killed_is_started_again_and_told_in_one_line(tmp_path: Path):
    with supervised(tmp_path) as supervisor:
        assert eventually(lambda: "all ready" in said(tmp_path))
        before = pieces(supervisor)
        os.kill(before[-1], signal.SIGKILL)
        assert eventually(
            lambda: len(pieces(supervisor)) == 3 and pieces(supervisor)[-1] not in before
        )
        assert eventually(lambda: sum("two: ready" in line for line in said(tmp_path)) == 2)
        assert any("two: ended (SIGKILL); starts again in 0.1 s" in line for line in said(tmp_path))
        # The others were left alone.
        assert pieces(supervisor)[:2] == before[:2]


def test_what_never_stands_is_tried_again_after_growing_pauses_and_the_others_work_on(
    tmp_path: Path,
):
    with supervised(tmp_path, one="exit 3") as supervisor:
        assert eventually(lambda: sum("one: ended" in line for line in said(tmp_path)) >= 5)
        pauses = [
            float(line.split(" in ")[1].split()[0])
            for line in said(tmp_path)
            if "one: ended (exit status 3)" in line
        ]
        assert pauses[:5] == [0.1, 0.2, 0.4, 0.8, 1.6]
        assert supervisor.poll() is None
        assert any("two: ready" in line for line in said(tmp_path))


def test_what_stood_begins_again_at_once_however_often_it_is_killed(tmp_path: Path):
    with supervised(tmp_path, stands=0) as supervisor:
        for n in range(1, 5):
            assert eventually(lambda n=n: sum("two: ready" in line for line in said(tmp_path)) == n)
            # A look later it has stood for longer than no time.
            assert eventually(lambda: looked_once_more(supervisor))
            os.kill(pieces(supervisor)[-1], signal.SIGKILL)
            assert eventually(lambda n=n: sum("two: ended" in line for line in said(tmp_path)) == n)
        ended = [line for line in said(tmp_path) if "two: ended" in line]
        assert all(line.endswith("starts again in 0.1 s") for line in ended)


def test_what_was_ready_is_not_waited_for_long_however_soon_it_is_killed_again(tmp_path: Path):
    with supervised(tmp_path) as supervisor:
        for n in range(1, 6):
            assert eventually(lambda n=n: sum("two: ready" in line for line in said(tmp_path)) == n)
            os.kill(pieces(supervisor)[-1], signal.SIGKILL)
            assert eventually(lambda n=n: sum("two: ended" in line for line in said(tmp_path)) == n)
        pauses = [
            float(line.split(" in ")[1].split()[0])
            for line in said(tmp_path)
            if "two: ended" in line
        ]
    assert pauses == [0.1, 0.2, 0.2, 0.2, 0.2]


def looked_once_more(supervisor: subprocess.Popen[str]) -> bool:
    """After another signal of a child, which has it look at all pieces."""
    before = voluntary_switches(supervisor.pid)
    supervisor.send_signal(signal.SIGCHLD)
    assert eventually(lambda: voluntary_switches(supervisor.pid) > before + 1)
    return True


def voluntary_switches(pid: int) -> int:
    """How often a process has waited."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("voluntary"))


def test_what_falls_silent_is_killed_and_started_again(tmp_path: Path):
    with supervised(tmp_path, one="echo >&ALIVE; exec sleep 600", silent=0.5):
        assert eventually(lambda: sum("one: ready" in line for line in said(tmp_path)) == 2)
        assert any("one: silent for 0 s; killed" in line for line in said(tmp_path))
        assert any("one: ended (SIGKILL)" in line for line in said(tmp_path))


def test_what_is_never_ready_is_killed_and_started_again(tmp_path: Path):
    with supervised(tmp_path, one="exec sleep 600", starts=0.5):
        assert eventually(
            lambda: sum("one: not ready after" in line for line in said(tmp_path)) == 2
        )
        assert not any("one: ready" in line for line in said(tmp_path))


def test_nothing_begins_before_the_store_is_ready(tmp_path: Path):
    store = "sleep 0.3; echo store >> order; echo >&ALIVE; exec sleep 600"
    needs = "echo one >> order; echo >&ALIVE; exec sleep 600"
    with supervised(tmp_path, store=store, one=needs):
        assert eventually(lambda: "all ready" in said(tmp_path))
        assert (tmp_path / "order").read_text().split() == ["store", "one"]


def test_all_stop_in_order_and_who_does_not_is_killed(tmp_path: Path):
    store = "trap 'echo store >> order; exit' TERM; echo >&ALIVE; while :; do sleep 0.05; done"
    deaf = "trap '' TERM; echo >&ALIVE; while :; do sleep 0.05; done"
    two = store.replace("echo store", "echo two")
    with supervised(tmp_path, store=store, one=deaf, two=two, stop=0.5) as supervisor:
        assert eventually(lambda: "all ready" in said(tmp_path))
        supervisor.terminate()
        assert supervisor.wait(30) == 0
    assert (tmp_path / "order").read_text().split() == ["two", "store"]
    assert any("one: does not stop; killed" in line for line in said(tmp_path))
    assert said(tmp_path)[-1].endswith("stopped")


def test_a_second_signal_does_not_wait(tmp_path: Path):
    deaf = "trap '' TERM; echo >&ALIVE; while :; do sleep 0.05; done"
    with supervised(tmp_path, one=deaf, stop=600) as supervisor:
        assert eventually(lambda: "all ready" in said(tmp_path))
        supervisor.terminate()
        assert eventually(lambda: any("stopping" in line for line in said(tmp_path)))
        supervisor.terminate()
        assert supervisor.wait(30) == 0


@pytest.mark.parametrize("word", ["SIGKILL", "SIGTERM"])
def test_a_piece_that_ends_by_itself_tells_how(word: str):
    piece = Process(message("x"), ["sh", "-c", f"kill -{word[3:]} $$"], starts_s=None)
    piece.start()
    assert eventually(lambda: piece.ended() is not None)
    assert piece.ended() == word


def test_a_terminal_reads_one_language():
    store = KeptCluster(Cluster.at(Path("/nowhere")), owned=False)
    settings = Settings(web_workers=2, database_url="postgresql:///nothing")
    names = [piece.name for piece in [store, *forks(Flask("x"), settings, with_worker=True)]]
    assert [each.in_language("en") for each in names] == ["store", "server 1", "server 2", "worker"]
    assert [each.in_language("zh") for each in names] == [
        "数据库", "网页服务 1", "网页服务 2", "后台程序",
    ]  # fmt: skip
    store.stop()
    assert store.ended() == message("runs on")
    assert message("runs on").in_language("zh") == "继续运行"


def test_pieces_end_with_the_supervisor(tmp_path: Path):
    """They ask the kernel for it; nobody is left who could stop them."""
    pid = tmp_path / "pid"
    child = (
        f"{sys.executable} -c 'import os, sys, signal; from gisgrid.core.processes import end_with; "
        f'end_with(os.getppid()); open("{pid}", "w").write(str(os.getpid())); '
        'os.write(int(sys.argv[1]), b"."); signal.pause()\' ALIVE'
    )
    with supervised(tmp_path, one=f"exec {child}") as supervisor:
        assert eventually(lambda: "all ready" in said(tmp_path))
        left = int(pid.read_text())
        supervisor.kill()
        supervisor.wait()
        assert eventually(lambda: not Path(f"/proc/{left}").exists() or _is_dead(left))


def _is_dead(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True
