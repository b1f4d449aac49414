"""In which order are days of a file written? One cell that can be nothing else decides for its column."""

from __future__ import annotations

from gisgrid.core.errors import Invalid
from gisgrid.files.columns import Resolved
from gisgrid.files.read import Table
from gisgrid.files.times import Orders, orders


def orders_of(table: Table, resolved: Resolved) -> dict[str, Orders]:
    """What all rows of a file show, by canonical column of days or times."""
    columns = [
        c.name for c in resolved.kind.columns
        if c.parser in ("date", "time") and c.name not in resolved.constants and resolved.has(c.name)
    ]  # fmt: skip
    found = dict.fromkeys(columns, Orders())
    for chunk in table.chunks():
        cells = resolved.canonical(chunk)
        for name in columns:
            found[name] |= orders(cells[name].to_numpy())
    return found


def day_first(
    every: dict[str, Orders], resolved: Resolved
) -> tuple[dict[str, bool], dict[str, str], list[str]]:
    """By column whether its days come before months; how that is told; columns where nothing shows it.

    A column without a cell that decides goes with the others of the file. Where none has one, months come
    first. Columns whose days leave nothing open are in none of the three.

    Raises
    ------
    Invalid
        A column has cells of both orders.
    """
    whole = Orders()
    for name, shown in every.items():
        whole |= shown
        if shown.day_first and shown.month_first:
            header = resolved.headers.get(name, name)
            raise Invalid(
                "The days of “{header}” are of two orders: {day_first} and {month_first}. Write them as "
                "YYYY-MM-DD.",
                header=header,
                column=name,
                day_first=shown.day_first,
                month_first=shown.month_first,
            )
    first: dict[str, bool] = {}
    told: dict[str, str] = {}
    open_ones: list[str] = []
    # Columns that decide otherwise leave one that does not without a witness.
    witness = whole if bool(whole.day_first) != bool(whole.month_first) else Orders()
    for name, shown in every.items():
        if shown == Orders():
            continue
        proof = shown if shown.day_first or shown.month_first else witness
        first[name] = bool(proof.day_first)
        if proof.day_first:
            told[name] = f"day first ({proof.day_first})"
        elif proof.month_first:
            told[name] = f"month first ({proof.month_first})"
        else:
            told[name] = "month first (nothing shows it)"
            open_ones.append(name)
    return first, told, open_ones
