"""Changes the numbers of a township.

As ``sizes.basic.residents=100,180,300``, ``limits.walk_m=500``, ``keeping.positions=7``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid
from gisgrid.core.limits import Limits, sizes
from gisgrid.core.retention_periods import Keeping

PREFIXES = ("limits.", "sizes.", "keeping.")


def change_thresholds(session: Session, township_id: int, changes: Sequence[str]) -> None:
    """Set or, with an empty value, forget thresholds; all or none.

    Raises
    ------
    Invalid
        No such threshold, or a value it cannot have.
    """
    row = session.execute(
        text("SELECT limits, sizes, keeping FROM township WHERE area_id = :t FOR UPDATE"),
        {"t": township_id},
    ).one()
    single = {"limits": dict(row.limits), "keeping": dict(row.keeping)}
    wanted = {k: dict(v) for k, v in row.sizes.items()}
    for change in changes:
        name, _, value = change.partition("=")
        numbers = _numbers(name, value)
        group, *rest = name.split(".")
        if group in single and len(rest) == 1 and len(numbers) <= 1:
            single[group].pop(rest[0], None)
            single[group] |= dict(zip(rest, numbers, strict=False))
        elif group == "sizes" and len(rest) == 2 and len(numbers) in (0, 3):
            of_kind = wanted.setdefault(rest[0], {})
            of_kind.pop(rest[1], None)
            of_kind |= {rest[1]: numbers} if numbers else {}
        else:
            raise Invalid(
                "{change!r} is no threshold; write limits.NAME=NUMBER, keeping.NAME=DAYS or "
                "sizes.KIND.MEASURE=MIN,TARGET,MAX.",
                change=change,
            )
    limits = Limits.of(single["limits"]).stored()
    keeping = Keeping.of(single["keeping"]).stored()
    sizes(wanted)
    session.execute(
        text(
            "UPDATE township SET limits = CAST(:limits AS jsonb), sizes = CAST(:sizes AS jsonb), "
            "keeping = CAST(:keeping AS jsonb) WHERE area_id = :t"
        ),
        {
            "limits": json.dumps(limits),
            "keeping": json.dumps(keeping),
            "sizes": json.dumps({kind: of for kind, of in wanted.items() if of}),
            "t": township_id,
        },
    )


def _numbers(name: str, value: str) -> list[float]:
    try:
        return [float(part) for part in value.split(",") if part.strip()]
    except ValueError:
        raise Invalid(
            "{name} cannot be {value!r}; it takes numbers.", name=name, value=value
        ) from None
