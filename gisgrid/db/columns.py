"""Many rows as arrays: the server packs them, numpy reads them as they come.

A row of its own for each house takes ten times as long, most of it in making objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import text
from sqlalchemy.orm import Session

NO_DAY = -(2**31)
"""What stands for no day."""
_SEND = {"i8": "int8send({}::bigint)", "i4": "int4send({}::int)", "f8": "float8send({})"}
_EPOCH = "date '1970-01-01'"


def day(expression: str) -> str:
    """SQL of a date as a number of days, for a column of ``i4``; see `days`."""
    return f"coalesce({expression} - {_EPOCH}, {NO_DAY})"


def days(numbers: npt.NDArray[Any]) -> npt.NDArray[np.datetime64]:
    """Days out of such a column; NaT for none."""
    found = numbers.astype("datetime64[D]")
    found[numbers == NO_DAY] = np.datetime64("NaT")
    return found


def packed(
    session: Session,
    columns: Mapping[str, tuple[str, str]],
    rest: str,
    values: Mapping[str, Any],
    *,
    label: str = "NULL",
) -> tuple[list[str], npt.NDArray[np.void]]:
    """The rows of a statement as a record array, in its order, and a text of each.

    Parameters
    ----------
    columns
        Name to the kind of number (``i8``, ``i4``, ``f8``) and the SQL that gives it, never null but
        for ``f8``, whose null is NaN.
    rest
        The statement from FROM on, with its order.
    label
        SQL of the text; by default there are none.
    """
    body = " || ".join(
        _SEND[kind].format(f"coalesce({sql}, 'nan'::float8)" if kind == "f8" else f"({sql})")
        for kind, sql in columns.values()
    )
    labels = "NULL" if label == "NULL" else "array_agg(q.label)"
    row = session.execute(
        text(
            f"SELECT {labels}, string_agg(q.body, '') FROM "  # noqa: S608 - put together from our parts
            f"(SELECT {label} AS label, {body} AS body {rest}) AS q"
        ),
        dict(values),
    ).one()
    record = np.dtype([(name, f">{kind}") for name, (kind, _) in columns.items()])
    found = np.frombuffer(bytes(row[1] or b""), record)
    return row[0] or [], found.astype(record.newbyteorder("="))
