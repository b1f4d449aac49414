"""How a migration puts a table under the rights: policy texts and the statements that set them.

What is written here stands in stores already; a migration that wants it otherwise writes its own text.

>>> print(protect("remark", using=of_event("event_id"), columns="id, event_id"))
ALTER TABLE remark ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON remark FOR SELECT USING (EXISTS (SELECT FROM event e WHERE e.id = remark.event_id));
GRANT SELECT ON remark TO gisgrid_views;
GRANT SELECT (id, event_id) ON remark TO gisgrid_web
"""

from __future__ import annotations

_PUBLISHED = "ANY ((SELECT published_plans())::bigint[])"


def protect(table: str, *, using: str, columns: str | None = None) -> str:
    """Statements after which the web sees only rows that ``using`` lets through.

    Parameters
    ----------
    using
        Condition on a row; columns of the table may need its name before them.
    columns
        Those that the web may read, the personal ones left out; None: all. The views read all.
    """
    named = "" if columns is None else f" ({columns})"
    return f"""ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON {table} FOR SELECT USING ({using.replace(":table", table)});
GRANT SELECT ON {table} TO gisgrid_views;
GRANT SELECT{named} ON {table} TO gisgrid_web"""


def of_township(right: str, column: str = "township_id") -> str:
    """Rows of townships in which the right is held as a whole."""
    return f"{column} = ANY ((SELECT my_townships('{right}'))::bigint[])"


def of_house(column: str, right: str) -> str:
    """Rows that hang on a house: the right is held over its grid in the published plan.

    Where the house lies in no grid, over its community of the register. ``(SELECT …)`` around a call
    lets the server ask once a statement and not once a row.
    """
    return f"""{of_township(right)} OR {_attached("house", f":table.{column}", right)} OR EXISTS (
    SELECT FROM house h WHERE h.id = :table.{column} AND {_unattached("house", "h", right)})"""


def of_place(kind: str, right: str) -> str:
    """Rows of ``house`` or ``event`` themselves, by grid or community as ``of_house``."""
    return f"""{of_township(right)} OR {_attached(kind, ":table.id", right)}
    OR {_unattached(kind, ":table", right)}"""


def of_event(column: str) -> str:
    """Rows that hang on an event: who sees the event sees them."""
    return f"EXISTS (SELECT FROM event e WHERE e.id = :table.{column})"


def _attached(kind: str, row: str, right: str) -> str:
    # Two questions, not one with OR: each has its own index, by place and by grid.
    return " OR ".join(
        f"""EXISTS (
    SELECT FROM {kind}_grid a WHERE a.{kind}_id = {row} AND a.plan_id = {_PUBLISHED}
      AND a.{grid} = ANY ((SELECT my_grids('{right}'))::bigint[]))"""
        for grid in ("grid_id", "exclusive_grid_id")
    )


def _unattached(kind: str, row: str, right: str) -> str:
    # A value and not NOT EXISTS: for the few rows that come so far it is looked up one by one.
    return f"""({row}.community_id IS NOT NULL
    AND {row}.community_id = ANY ((SELECT my_communities('{right}'))::bigint[]) AND (
    SELECT a.grid_id FROM {kind}_grid a WHERE a.{kind}_id = {row}.id AND a.plan_id = {_PUBLISHED}
    LIMIT 1) IS NULL)"""
