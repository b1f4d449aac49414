"""The office's way to the store: its transactions enter a database role that keeps accounts, teams and settings."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response, render_template
from sqlalchemy.orm import Session

from gisgrid.core.errors import GisgridError
from gisgrid.db.roles import OFFICE
from web.http.db import entering
from web.http.errors import status_of
from web.http.language import speaks_chinese


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
    if error is None:
        return ""
    return error.zh if speaks_chinese() else error.message
