"""Days in addresses, and moments on the clock of a place."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from gisgrid.errors import Invalid


def day_of(text: str | None, name: str = "as_of") -> date | None:
    """The day that a parameter names, None without; Invalid if it is no day."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(
            f"{name} is {text[:40]!r}; it must be a day such as 2023-08-31.",
            zh=f"{name} 的值“{text[:40]}”不是日期；请写成 2023-08-31 的形式。",
        ) from None


def local(moment: datetime, time_zone: str) -> str:
    """A moment as the township's clock shows it."""
    return moment.astimezone(ZoneInfo(time_zone)).strftime("%Y-%m-%d %H:%M")
