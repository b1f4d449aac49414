"""Editors at hand in a process: scenarios and the plans they were drawn from, read once."""

from __future__ import annotations

import gc
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from gisgrid.core.plans import PlanInfo, TownshipInfo, plan_by_id
from gisgrid.planning.editor.editor import Editor, EditorReading, with_grids
from gisgrid.planning.editor.scenarios import base_editor, newest_entries, newest_rows
from gisgrid.planning.snapshot.fetch import plan_grids, today
from gisgrid.planning.workload.weighing import plan_weighing

KEPT = 4
"""Scenarios, and base plans, that a process keeps at hand."""
FRESH_S = 300.0
"""An editor that lacks entries is read anew once it is so old."""


class Editors:
    """The editors of one process, the least used dropped first.

    Parameters
    ----------
    lasting_s
        People write all day, and a large town takes seconds to read: for so long an editor may lack what was
        entered since it was read. 0: never. Loads, weights, settings and the day are those of now always.
    renew
        Called with the number of a plan whose editor lacks entries, to have it read anew beside.
    """

    def __init__(
        self, *, lasting_s: float = 0.0, renew: Callable[[int], None] = lambda plan_id: None
    ) -> None:
        self._lasting_s, self._renew = lasting_s, renew
        self._lock = threading.Lock()
        self._reading: OrderedDict[EditorReading, threading.Lock] = OrderedDict()
        self._kept: OrderedDict[tuple[int, object, EditorReading], Editor] = OrderedDict()

    def at(
        self,
        session: Session,
        place: TownshipInfo,
        plan: PlanInfo,
        version: int,
        *,
        exact: bool = False,
    ) -> Editor:
        """The editor of a scenario at its version; read again when houses or people changed.

        Parameters
        ----------
        exact
            With everything that was entered until now.
        """
        return self._of(session, place, plan, plan, version, exact=exact)

    def base(self, session: Session, place: TownshipInfo, plan: PlanInfo, version: int) -> Editor:
        """The editor of what a scenario was drawn from, `gisgrid.planning.editor.scenarios.base_editor`."""
        if plan.based_on_id is None:
            return self.at(session, place, plan, version)
        return self._of(session, place, plan, plan_by_id(session, plan.based_on_id), 0)

    def base_beside(
        self, session: Session, place: TownshipInfo, plan: PlanInfo, editor: Editor
    ) -> Editor | None:
        """What a scenario at hand was drawn from, of the same houses and people; None: of no plan."""
        if plan.based_on_id is None:
            return None
        key = (plan.based_on_id, 0, _read_under(editor))
        with self._turn(key[-1]):
            found = self._get(key)
            if found is None:
                base = plan_by_id(session, plan.based_on_id)
                found = with_grids(editor, plan_grids(session, place, base))
                self._keep(key, found)
        return found

    def _of(
        self,
        session: Session,
        place: TownshipInfo,
        plan: PlanInfo,
        shown: PlanInfo,
        version: int,
        *,
        exact: bool = False,
    ) -> Editor:
        """The editor of a plan, its work counted as another's is.

        What is at hand of the same people is taken, the plan's own before others': then only the grids
        are read. So all editors of one town at hand are of one reading.
        """
        now = _reading(session, place, plan)
        reading = now if exact else self._at_hand(now)
        if reading != now and _age_s(reading) > FRESH_S:
            self._renew(shown.id)
        key = (shown.id, version, reading)
        with self._turn(reading):
            found = self._get(key)
            if found is None:
                found = self._made(session, place, plan, shown, reading)
                self._keep(key, found)
        return found

    def _turn(self, reading: EditorReading) -> threading.Lock:
        """Held by whoever makes an editor of a reading: others wait for what comes of it."""
        with self._lock:
            turn = self._reading.setdefault(reading, threading.Lock())
            while len(self._reading) > 2 * KEPT:
                self._reading.popitem(last=False)
        return turn

    def _at_hand(self, now: EditorReading) -> EditorReading:
        """The newest reading at hand that may stand for the one of now; that one itself if there is none."""
        with self._lock:
            held = [key[-1] for key in self._kept]
        alike = [each for each in held if each.but_for_entries() == now.but_for_entries()]
        lasting = [each for each in alike if each == now or _age_s(each) <= self._lasting_s]
        return now if now in lasting else max(lasting, key=lambda each: each.at, default=now)

    def _made(
        self,
        session: Session,
        place: TownshipInfo,
        plan: PlanInfo,
        shown: PlanInfo,
        reading: EditorReading,
    ) -> Editor:
        kin = self._kin(shown, reading)
        if kin is not None:
            return with_grids(kin, plan_grids(session, place, shown))
        found = replace(base_editor(session, place, plan, shown), reading=reading)
        # A town is a million objects without cycles: the collector would walk them again and
        # again, half a second each time, while somebody waits for a border.
        gc.freeze()
        with self._lock:
            for key in [key for key in self._kept if _is_older(key[-1], reading)]:
                del self._kept[key]
        return found

    def _kin(self, shown: PlanInfo, reading: EditorReading) -> Editor | None:
        """The newest editor of the plan of the same reading, else of any; None: none is at hand."""
        with self._lock:
            alike = [key for key in self._kept if key[-1] == reading]
            own = [key for key in alike if key[0] == shown.id]
            return self._kept[(own or alike)[-1]] if alike else None

    def after(
        self,
        plan: PlanInfo,
        before: Editor,
        *,
        change: tuple[object, ...],
        make: Callable[[], Editor],
    ) -> Editor:
        """What a change makes of a scenario at hand: who looks at it and then takes it waits once.

        Parameters
        ----------
        change
            Names the change, with the version that it is made to; by one name the same comes of it.
        """
        key = (plan.id, change, _read_under(before))
        found = self._get(key)
        if found is None:
            found = make()
            self._keep(key, found)
        return found

    def keep(self, plan: PlanInfo, version: int, editor: Editor) -> None:
        """Remember an editor that an edit just made of one at hand, so that it is not read again."""
        self._keep((plan.id, version, _read_under(editor)), editor)

    def _get(self, key: tuple[int, object, EditorReading]) -> Editor | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: tuple[int, object, EditorReading], editor: Editor) -> None:
        with self._lock:
            self._kept[key] = editor
            while len(self._kept) > 2 * KEPT:
                self._kept.popitem(last=False)


def _reading(session: Session, place: TownshipInfo, plan: PlanInfo) -> EditorReading:
    weighing = plan_weighing(session, plan)
    return EditorReading(
        place.id,
        today(place),
        weighing.weights.version,
        weighing.by_street,
        newest_rows(session),
        newest_entries(session),
    )


def _read_under(editor: Editor) -> EditorReading:
    assert editor.reading is not None  # noqa: S101 - it was made of one that is kept here
    return editor.reading


def _age_s(reading: EditorReading) -> float:
    return (datetime.now(UTC) - reading.at).total_seconds()


def _is_older(one: EditorReading, other: EditorReading) -> bool:
    """Whether an editor of the first is of no use once there is one of the other."""
    return one.but_for_entries() == other.but_for_entries() and one.at < other.at
