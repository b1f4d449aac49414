"""The office's way to the store: its transactions enter a database role that keeps accounts, teams and settings."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, render_template
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.errors import GisgridError
from gisgrid.db.roles import OFFICE
from web.http.db import entering
from web.http.errors import status_of
from web.http.language import said

FormView = TypeVar("FormView", bound=Callable[..., BaseResponse])


@contextlib.contextmanager
def keeping(*, read_only: bool = False) -> Iterator[Session]:
    """The transaction of one request of the office, as whoever asks."""
    with entering(OFFICE, read_only=read_only) as session:
        yield session


def page(
    template: str,
    *,
    error: GisgridError | None = None,
    typed: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """A page of the office, kept nowhere; above it what was refused, whose status it has.

    ``typed`` stands in its form again where something was refused.
    """
    again = {} if error is None else typed or {}
    answer = Response(render_template(template, said=in_words(error), typed=again, **values))
    answer.status_code = 200 if error is None else status_of(error)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def in_words(error: GisgridError | None) -> str:
    """What was refused, in the asker's language."""
    return "" if error is None else said(error)


def refusing(
    again: Callable[..., BaseResponse], *, reads: bool = False
) -> Callable[[FormView], FormView]:
    """A form's view of which the domain may refuse what was sent: it is shown once more, with the reason.

    Parameters
    ----------
    again
        Gets the error and what the route names, and answers with the page; nothing was written.
    reads
        ``again`` gets a read-only transaction of the office before these.
    """

    def of(view: FormView) -> FormView:
        @wraps(view)
        def asked(**named: Any) -> BaseResponse:
            try:
                return view(**named)
            except GisgridError as error:
                if not reads:
                    return again(error, **named)
                with keeping(read_only=True) as session:
                    return again(session, error, **named)

        return cast("FormView", asked)

    return of
