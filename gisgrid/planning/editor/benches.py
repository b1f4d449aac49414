"""Benches at hand in a process: scenarios and the plans they were drawn from, read once."""

from __future__ import annotations

import gc
import threading
from collections import OrderedDict
from collections.abc import Callable

from sqlalchemy.orm import Session

from gisgrid.core.plans import PlanInfo, TownshipInfo
from gisgrid.planning.editor.bench import Bench
from gisgrid.planning.editor.scenarios import base_bench, newest_rows, scenario_bench
from gisgrid.planning.snapshot.fetch import today
from gisgrid.planning.workload.weighing import plan_weighing

KEPT = 4
"""Scenarios, and base plans, that a process keeps at hand."""


class Benches:
    """The benches of one process, the least used dropped first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[object, ...], Bench] = OrderedDict()

    def at(self, session: Session, place: TownshipInfo, plan: PlanInfo, version: int) -> Bench:
        """The bench of a scenario at its version; read again when houses or people changed."""
        key = ("scenario", plan.id, version, *_data(session, place, plan))
        found = self._get(key)
        if found is None:
            found = scenario_bench(session, place, plan, self.base(session, place, plan, version))
            self._keep(key, found)
        return found

    def base(self, session: Session, place: TownshipInfo, plan: PlanInfo, version: int) -> Bench:
        """The bench of what a scenario was drawn from, `gisgrid.planning.editor.scenarios.base_bench`."""
        base_id = plan.based_on_id or plan.id
        base_version = version if base_id == plan.id else 0
        key = ("base", base_id, base_version, *_data(session, place, plan))
        found = self._get(key)
        if found is None:
            found = base_bench(session, place, plan)
            self._keep(key, found)
            # A town is a million objects without cycles: the collector would walk them again and
            # again, half a second each time, while somebody waits for a border.
            gc.collect()
            gc.freeze()
        return found

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
        key = ("after", plan.id, change, *_data(session, place, plan))
        found = self._get(key)
        if found is None:
            found = make()
            self._keep(key, found)
        return found

    def keep(
        self, place: TownshipInfo, plan: PlanInfo, version: int, session: Session, bench: Bench
    ) -> None:
        """Remember a bench that an edit just made, so that it is not read again."""
        self._keep(("scenario", plan.id, version, *_data(session, place, plan)), bench)

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
