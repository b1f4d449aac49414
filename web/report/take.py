"""A filled-in form becomes a report, an addition to one, or a form with something to mend."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from flask import request
from sqlalchemy.orm import Session

from gisgrid.cases.cases import RESIDENT, CaseActor, CaseNow
from gisgrid.cases.preview import (
    Going,
    ReportDraft,
    ReportPreview,
    going,
    look,
    received,
    usual_source,
)
from gisgrid.cases.supplements import add_to
from gisgrid.core.errors import GisgridError, Invalid, NotFound
from gisgrid.core.plans import TownshipInfo
from web.http.acting import acting_by, acts_as_public, as_public
from web.http.db import opening, reading, writing
from web.http.errors import status_of
from web.http.once import queued
from web.http.permissions import asker
from web.http.refused_requests import keep_demand
from web.report.form import snapshot_of

PURPOSE = "event"
"""What texts of events near by are opened for."""


@dataclass(frozen=True)
class Outcome:
    """What became of a form: a case; or what has to be looked at or mended before."""

    place: TownshipInfo
    """The township that it goes to, or would."""
    case: CaseNow | None = None
    added: bool = False
    """The case was there before and something was added to it."""
    looked: ReportPreview = field(default_factory=ReportPreview)
    error: GisgridError | None = None

    @property
    def status(self) -> int:
        """Of the form that is shown again."""
        return status_of(self.error) if self.error else 422


class _Doubtful(Exception):
    """Somebody has to look at the draft first: what was begun is undone, the key of a phone's entry, too."""


@contextlib.contextmanager
def looking() -> Iterator[Session]:
    """A transaction in which texts of events near by are open to who may see them, on the record."""
    may = "see_events" in asker().rights and not acts_as_public()
    with opening(PURPOSE) if may else writing() as session:
        yield session


def attempt(
    home: TownshipInfo,
    draft: ReportDraft,
    wrong: Invalid | None,
    then: Callable[[Session, CaseNow, CaseActor], CaseNow] = lambda _session, case, _by: case,
) -> Outcome:
    """Take a draft in, unless something is wrong or doubtful about it; all in one transaction.

    Where its place is the ground of another township, it is that one's, and whoever has no post there
    reports to it as a resident does.

    Parameters
    ----------
    home
        The township that the form is of.
    wrong
        What is known to be wrong with it.
    then
        What follows at once on a case that was opened.
    """
    looked, place, by = ReportPreview(), home, RESIDENT
    try:
        with reading() as session:
            to = (
                going(session, home, draft, snapshot_of)
                if wrong is None
                else Going(home, draft, home)
            )
            place = to.place
            by = acting_by(session, place.id)
        if by == RESIDENT:
            as_public()
        if wrong is not None:
            raise wrong
        try:
            with looking() as session:
                if add := request.form.get("add", ""):
                    if not add.isdecimal() or len(add) > 18:
                        raise NotFound("There is no such report.")
                    case = add_to(
                        session, int(add), by, text_=draft.text, photos=draft.photos,
                        client_id=draft.client, emergency=draft.emergency and by != RESIDENT,
                    )  # fmt: skip
                    return Outcome(place, case, added=True)
                looked = look(session, to, snapshot_of)
                # Of what waited on a phone nobody is there to look once more.
                if looked.to_look_at(draft.seen) and not queued():
                    raise _Doubtful
                worker = "handle_events" in asker().rights
                got = received(
                    session, to, looked, by, source=draft.source or usual_source(to, by, worker=worker),
                    client_id=f"form:{draft.client}",
                )  # fmt: skip
                case = then(session, got.case, by) if got.fresh else got.case
                return Outcome(place, case, looked=looked)
        except _Doubtful:
            # What is shown now is on the record by itself.
            with looking() as session:
                return Outcome(place, looked=look(session, to, snapshot_of))
    except GisgridError as error:
        keep_demand(error, by.actor, "form", draft.client, draft.matter)
        return Outcome(place, looked=looked, error=error)
