"""Benches at hand in a process: scenarios and the plans they were drawn from, read once."""

from __future__ import annotations

import gc
import threading
from collections import OrderedDict
from collections.abc import Callable

from sqlalchemy.orm import Session

from gisgrid.core.plans import PlanInfo, TownshipInfo, plan_by_id
from gisgrid.planning.editor.bench import Bench, with_grids
from gisgrid.planning.editor.scenarios import base_bench, newest_rows
from gisgrid.planning.snapshot.fetch import plan_grids, today
from gisgrid.planning.workload.weighing import plan_weighing

KEPT = 4
"""Scenarios, and base plans, that a process keeps at hand."""


class Benches:
    """The benches of one process, the least used dropped first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reading: dict[int, threading.Lock] = {}
        self._kept: OrderedDict[tuple[object, ...], Bench] = OrderedDict()

    def at(self, session: Session, place: TownshipInfo, plan: PlanInfo, version: int) -> Bench:
        """The bench of a scenario at its version; read again when houses or people changed."""
        return self._of(session, place, plan, plan, version)

    def base(self, session: Session, place: TownshipInfo, plan: PlanInfo, version: int) -> Bench:
        """The bench of what a scenario was drawn from, `gisgrid.planning.editor.scenarios.base_bench`."""
        if plan.based_on_id is None:
            return self.at(session, place, plan, version)
        return self._of(session, place, plan, plan_by_id(session, plan.based_on_id), 0)

    def _of(
        self, session: Session, place: TownshipInfo, plan: PlanInfo, shown: PlanInfo, version: int
    ) -> Bench:
        """The bench of a plan, its work counted as another's is.

        What is at hand of the same people is taken, the plan's own before others': then only the grids
        are read. So all benches of one town at hand are of one reading.
        """
        data = (place.id, *_data(session, place, plan))
        key = (shown.id, version, data)
        with self._lock:
            reading = self._reading.setdefault(place.id, threading.Lock())
        with reading:
            found = self._get(key)
            if found is None:
                found = self._made(session, place, plan, shown, self._kin(shown, data))
                self._keep(key, found)
        return found

    def _made(
        self,
        session: Session,
        place: TownshipInfo,
        plan: PlanInfo,
        shown: PlanInfo,
        kin: Bench | None,
    ) -> Bench:
        if kin is not None:
            return with_grids(kin, plan_grids(session, place, shown))
        found = base_bench(session, place, plan, shown)
        # A town is a million objects without cycles: the collector would walk them again and
        # again, half a second each time, while somebody waits for a border.
        gc.freeze()
        return found

    def _kin(self, shown: PlanInfo, data: tuple[object, ...]) -> Bench | None:
        """The newest bench of the plan with the same people, else of any; None: none is at hand."""
        with self._lock:
            alike = [key for key in self._kept if key[-1] == data]
            own = [key for key in alike if key[0] == shown.id]
            return self._kept[(own or alike)[-1]] if alike else None

    def after(
        self,
        session: Session,
        place: TownshipInfo,
        plan: PlanInfo,
        *,
        change: tuple[object, ...],
        make: Callable[[], Bench],
    ) -> Bench:
        """What a change makes of a scenario at hand: who looks at it and then takes it waits once.

        Parameters
        ----------
        change
            Names the change, with the version that it is made to; by one name the same comes of it.
        """
        key = (plan.id, change, (place.id, *_data(session, place, plan)))
        found = self._get(key)
        if found is None:
            found = make()
            self._keep(key, found)
        return found

    def keep(
        self, place: TownshipInfo, plan: PlanInfo, version: int, session: Session, bench: Bench
    ) -> None:
        """Remember a bench that an edit just made, so that it is not read again."""
        self._keep((plan.id, version, (place.id, *_data(session, place, plan))), bench)

    def _get(self, key: tuple[object, ...]) -> Bench | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: tuple[object, ...], bench: Bench) -> None:
        with self._lock:
            self._kept[key] = bench
            while len(self._kept) > 2 * KEPT:
                self._kept.popitem(last=False)


def _data(session: Session, place: TownshipInfo, plan: PlanInfo) -> tuple[object, ...]:
    """What a bench is made from beside the grids: another day, or another of these, another bench."""
    weighing = plan_weighing(session, plan)
    return (
        today(place),
        weighing.weights.version,
        weighing.by_street,
        *newest_rows(session),
    )
