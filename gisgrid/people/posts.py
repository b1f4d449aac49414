"""In which townships does an account have a post today, and which of them did it choose?"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class OwnTowns:
    """Townships by their row numbers."""

    posts: tuple[int, ...]
    """Where the account has a post today; one in a county is one in each of its townships."""
    chosen: int | None
    """What the account chose, whether it still has a post there or not."""


def own_towns(session: Session, account_id: int) -> OwnTowns:
    """Those of an account, whoever the transaction acts for."""
    acting = session.scalar(text(_ACTING)) or ""
    if acting != str(account_id):
        session.execute(text(_ACT), {"account": str(account_id)})
    row = session.execute(text("SELECT posts, chosen FROM my_towns()")).one()
    if acting != str(account_id):
        session.execute(text(_ACT), {"account": acting})
    return OwnTowns(tuple(row.posts), row.chosen)


def choose_town(session: Session, account_id: int, township_id: int) -> bool:
    """Keep which township is meant where nothing says so; False if the account has no post there.

    The transaction acts for the account.
    """
    if township_id not in own_towns(session, account_id).posts:
        return False
    session.execute(
        text("UPDATE account SET township_id = :t WHERE id = my_account()"), {"t": township_id}
    )
    return True


def keep_display(session: Session, *, text_size: int | None, density: str | None) -> None:
    """Keep how the transaction's account wants the pages set; what is None stays as it was."""
    session.execute(
        text(
            "UPDATE account SET text_size = coalesce(:size, text_size), "
            "density = coalesce(:density, density) WHERE id = my_account()"
        ),
        {"size": text_size, "density": density},
    )


_ACTING = "SELECT current_setting('gisgrid.account', true)"
_ACT = "SELECT set_config('gisgrid.account', :account, true)"
