"""Who keeps the pieces of the service alive? One process with one thread, which starts each again.

A piece that ends is started anew, at first almost at once and after growing pauses while it does not
stand; nothing is ever given up. The supervisor computes nothing and holds nothing, so there is little
in it that can fail; its pieces end with it (`gisgrid.core.processes.end_with`).
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gisgrid.core.messages import Message, message
from gisgrid.core.terminal import note


@dataclass(frozen=True)
class Pace:
    """How soon things happen."""

    first_pause_s: float = 0.2
    """Between the end of a piece and its next beginning; doubled while it does not stand."""
    longest_pause_s: float = 30.0
    longest_after_ready_s: float = 2.0
    """The longest pause of what did become ready: it can work, and others wait for it."""
    stands_s: float = 10.0
    """What has been ready for so long stands: its next end is answered at once again."""
    look_s: float = 1.0
    """So often everything is looked at, though nothing was heard."""


class Piece(Protocol):
    """What the supervisor can keep alive. No method waits for anything."""

    name: Message
    """What it is called on the terminal."""
    stop_s: float
    """How long it may take to stop before it is killed."""

    def start(self) -> None:
        """Begin, as if it had never been."""

    def listens(self) -> list[int]:
        """Files that become readable when there is news of it."""

    def look(self, now: float) -> None:
        """Take note of the news."""

    def ready(self) -> bool:
        """Whether it does its work."""

    def ended(self) -> Message | str | None:
        """How it ended; None while it lives."""

    def hung(self, now: float) -> Message | None:
        """What it has not done in time; None while all is well."""

    def stop(self) -> None:
        """Ask it to stop."""

    def kill(self) -> None:
        """End it, whatever it does."""


class Child(Protocol):
    """A process as ``subprocess.Popen`` has it."""

    pid: int

    def poll(self) -> int | None:
        """Its exit status, negative for a signal; None while it lives."""

    def send_signal(self, sig: int) -> None:
        """Send it a signal."""


@dataclass
class Process:
    """A piece that is a process of this one.

    Parameters
    ----------
    command
        Its arguments; ``{alive}`` and ``{parent}`` among them become the number of a file into which
        it writes a byte whenever it is well, and the number of this process, with which it is to end.
    starts_s, silent_s
        How long it may take to its first byte, and be silent afterwards; None: it need not write, and
        is ready once it runs.
    """

    name: Message
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    starts_s: float | None = 300.0
    silent_s: float | None = 30.0
    stop_s: float = 12.0
    _process: Child | None = None
    _alive: int = -1
    _begun_at: float = 0.0
    _heard_at: float | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        self._close()
        self._alive, theirs = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._begun_at, self._heard_at = time.monotonic(), None
        try:
            self._process = self._begin(theirs)
        finally:
            os.close(theirs)

    def _begin(self, alive: int) -> Child:
        names = {"{alive}": str(alive), "{parent}": str(os.getpid())}
        return subprocess.Popen(
            [names.get(word, word) for word in self.command],
            stdin=subprocess.DEVNULL,
            env={**os.environ, **self.env},
            pass_fds=[alive],
        )

    def listens(self) -> list[int]:
        return [self._alive] if self._alive >= 0 else []

    def look(self, now: float) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._alive >= 0:
                if not os.read(self._alive, 4096):
                    self._close()  # its end is told by the process itself
                    return
                self._heard_at = now

    def ready(self) -> bool:
        return self.starts_s is None or self._heard_at is not None

    def ended(self) -> Message | str | None:
        if self._process is None or (code := self._process.poll()) is None:
            return None
        return signal.Signals(-code).name if code < 0 else message("exit status {code}", code=code)

    def hung(self, now: float) -> Message | None:
        if self.starts_s is None or self.silent_s is None:
            return None
        if self._heard_at is None:
            late = now - self._begun_at > self.starts_s
            return (
                message("not ready after {seconds:.0f} s", seconds=self.starts_s) if late else None
            )
        late = now - self._heard_at > self.silent_s
        return message("silent for {seconds:.0f} s", seconds=self.silent_s) if late else None

    def stop(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _close(self) -> None:
        if self._alive >= 0:
            os.close(self._alive)
            self._alive = -1


@dataclass
class _Kept:
    """A piece and where it stands."""

    piece: Piece
    after: Piece | None
    """Without which it is not started."""
    lives: bool = False
    start_at: float = 0.0
    begun_at: float = 0.0
    ready_at: float | None = None
    pause_s: float = 0.0
    """Before it begins again; 0: the first."""
    killed_at: float | None = None


class Supervisor:
    """Keeps pieces alive until it is asked to stop.

    Parameters
    ----------
    pieces
        In the order in which they begin; they stop the other way round. Each with the piece that has
        to be ready before it begins, or None.
    below
        Whether it is itself a piece of another one, which tells of the service, and stops it by SIGTERM.
    """

    def __init__(
        self,
        pieces: Sequence[tuple[Piece, Piece | None]],
        pace: Pace = Pace(),
        *,
        below: bool = False,
    ) -> None:
        self._kept = [_Kept(piece, after) for piece, after in pieces]
        self._pace = pace
        self._below = below
        self._asked = 0

    def run(
        self, ready: Callable[[], None] | None = None, alive: Callable[[], None] | None = None
    ) -> None:
        """Keep all alive until SIGTERM or SIGINT, then stop them; a second signal kills them.

        Parameters
        ----------
        ready
            Called once, when all are ready for the first time.
        alive
            Called at every look, as long as this one looks.
        """
        with self._signals() as woken:
            while not self._asked:
                now = time.monotonic()
                for kept in self._kept:
                    self._care(kept, now)
                if ready is not None and all(kept.ready_at is not None for kept in self._kept):
                    ready()
                    ready = None
                if alive is not None:
                    alive()
                self._wait(woken, now)
            self._stop(woken)

    def _care(self, kept: _Kept, now: float) -> None:
        piece = kept.piece
        if not kept.lives:
            if now < kept.start_at or not self._may_begin(kept):
                return
            self._start(kept, now)
        piece.look(now)
        how = piece.ended()
        if how is not None:
            self._ended(kept, how, now)
            return
        if kept.ready_at is None and piece.ready():
            kept.ready_at = now
            took = now - kept.begun_at
            self._say(piece, message("ready after {seconds:.1f} s", seconds=took))
        if kept.ready_at is not None and now - kept.ready_at > self._pace.stands_s:
            kept.pause_s = 0.0
        why = piece.hung(now)
        if why is not None and kept.killed_at is None:
            kept.killed_at = now
            self._say(piece, message("{why}; killed", why=why))
            piece.kill()

    def _may_begin(self, kept: _Kept) -> bool:
        return kept.after is None or any(
            other.piece is kept.after and other.lives and other.ready_at is not None
            for other in self._kept
        )

    def _start(self, kept: _Kept, now: float) -> None:
        kept.begun_at, kept.ready_at, kept.killed_at = now, None, None
        try:
            kept.piece.start()
        except OSError as exc:
            self._ended(kept, exc.strerror or "?", now)
            return
        kept.lives = True

    def _ended(self, kept: _Kept, how: Message | str, now: float) -> None:
        longest = (
            self._pace.longest_pause_s
            if kept.ready_at is None
            else self._pace.longest_after_ready_s
        )
        kept.lives, kept.ready_at = False, None
        pause = min(kept.pause_s or self._pace.first_pause_s, longest)
        kept.start_at = now + pause
        kept.pause_s = min(2 * pause, longest)
        self._say(
            kept.piece,
            message("ended ({how}); starts again in {pause:.1f} s", how=how, pause=pause),
        )

    def _stop(self, woken: int) -> None:
        """Stop one after the other, the last first; those of one stop time together."""
        if not self._below:
            note(message("stopping"))
        groups: list[list[_Kept]] = []
        for kept in reversed([k for k in self._kept if k.lives]):
            together = kept.after is not None or self._below
            if groups and groups[-1][0].after is kept.after and together:
                groups[-1].append(kept)
            else:
                groups.append([kept])
        for group in groups:
            self._stop_group(group, woken)
        if not self._below:
            note(message("stopped"))

    def _stop_group(self, group: list[_Kept], woken: int) -> None:
        asked, begun = self._asked, time.monotonic()
        for kept in group:
            kept.piece.stop()
        left = list(group)
        while left:
            now = time.monotonic()
            for kept in list(left):
                kept.piece.look(now)
                how = kept.piece.ended()
                if how is not None:
                    left.remove(kept)
                    continue
                late = now - begun > kept.piece.stop_s or self._asked > asked
                if late and kept.killed_at is None:
                    kept.killed_at = now
                    self._say(kept.piece, message("does not stop; killed"))
                    kept.piece.kill()
            if left:
                self._wait(woken, now)

    def _wait(self, woken: int, now: float) -> None:
        """Until something is heard, or the next thing is due."""
        at_most_s = self._pace.look_s
        due = [k.start_at - now for k in self._kept if not k.lives and self._may_begin(k)]
        wait_s = max(min([at_most_s, *due]), 0.0)
        poll = select.poll()
        poll.register(woken, select.POLLIN)
        for kept in self._kept:
            for file in kept.piece.listens() if kept.lives else ():
                poll.register(file, select.POLLIN)
        poll.poll(wait_s * 1000 + 1)
        with contextlib.suppress(BlockingIOError):
            os.read(woken, 4096)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[int]:
        """Signals end the waiting; gives the file that tells of them."""

        def asked(number: int, _: object) -> None:
            self._asked += 1

        reads, writes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        before = {
            number: signal.signal(number, handler)
            for number, handler in (
                (signal.SIGTERM, asked),
                # Ctrl-C reaches all processes of a terminal: who is above asks those below.
                (signal.SIGINT, signal.SIG_IGN if self._below else asked),
                (signal.SIGCHLD, lambda *_: None),
            )
        }
        woken_before = signal.set_wakeup_fd(writes, warn_on_full_buffer=False)
        try:
            yield reads
        finally:
            signal.set_wakeup_fd(woken_before)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(reads)
            os.close(writes)

    @staticmethod
    def _say(piece: Piece, said: Message) -> None:
        note(message("{piece}: {said}", piece=piece.name, said=said))
