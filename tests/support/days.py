"""Days pass: the store and the program are told another day by the one place each that knows it."""

from __future__ import annotations

import importlib
from datetime import UTC, date, datetime, timedelta, tzinfo
from types import ModuleType

import pytest
from sqlalchemy import Engine, text

from gisgrid.db.store import transaction

MODULES = ("gisgrid.planning.snapshot.fetch", "gisgrid.cases.intake", "web.http.dates")
"""Where the program reads its clock to know a day, and when something is reported."""


class Days:
    """The days that have passed since the test began; for a store of the test's own."""

    def __init__(self, engine: Engine, patch: pytest.MonkeyPatch) -> None:
        self.engine, self.passed = engine, 0
        for name in MODULES:
            self._patch(importlib.import_module(name), patch)

    def go(self, days: int) -> None:
        """Let days pass, for the store and for the program."""
        self.passed += days
        with transaction(self.engine) as session:
            session.execute(
                text(
                    "CREATE OR REPLACE FUNCTION day_in(zone text) RETURNS date LANGUAGE sql STABLE "
                    f"AS $$ SELECT ((now() + interval '{self.passed} days') AT TIME ZONE zone)::date $$"
                )
            )

    def now(self, zone: tzinfo | None = None) -> datetime:
        return datetime.now(zone) + timedelta(days=self.passed)

    def today(self, zone: tzinfo = UTC) -> date:
        return self.now(zone).date()

    def _patch(self, module: ModuleType, patch: pytest.MonkeyPatch) -> None:
        days = self

        class Moved(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
                return days.now(tz)

        patch.setattr(module, "datetime", Moved)
