"""The database roles behind the rights: who serves the web, draws plans, keeps the office, owns the views.

Roles belong to the whole server and are in no backup, so they are made before every migration and
restore; ownership is put right after it.
"""

from __future__ import annotations

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from gisgrid.core.errors import StoreUnavailable

WEB = "gisgrid_web"
"""What the web process is: owns nothing, is held to every policy."""
VIEWS = "gisgrid_views"
"""Owns the masked views and the functions that open a row: held to the policies like the web."""
PLANNER = "gisgrid_planner"
"""What the web process becomes in a transaction of the plan editor: owns nothing, sees no person."""
OFFICE = "gisgrid_office"
"""What the web process becomes where accounts, teams and settings are kept: owns nothing, reads no secret."""
ENTERED = (PLANNER, OFFICE)
"""Roles that the web process becomes for a transaction."""
AS_OWNER = "runs as the owner:"
"""How the comment on a view or function begins that must see past the policies, with the reason."""


def make_roles(connection: Connection) -> None:
    """Make the roles where they are missing.

    Raises
    ------
    StoreUnavailable
        The store's user may make no roles; the message says what an administrator has to do.
    """
    known = set(
        connection.scalars(
            text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:names)"),
            {"names": [WEB, VIEWS, *ENTERED]},
        )
    )
    kinds = {WEB: "LOGIN", **dict.fromkeys((VIEWS, *ENTERED), "NOLOGIN")}
    try:
        for name, kind in kinds.items():
            if name not in known:
                connection.execute(text(f"CREATE ROLE {name} {kind} NOSUPERUSER NOBYPASSRLS"))
                connection.execute(text(f"GRANT {name} TO CURRENT_USER"))
        for name in ENTERED:
            if not connection.scalar(text(_MAY_BECOME), {"web": WEB, "role": name}):
                # It has to enter the role; what the role may is not the web's otherwise.
                connection.execute(text(f"ALTER ROLE {WEB} NOINHERIT"))
                connection.execute(text(f"GRANT {name} TO {WEB}"))
    except DBAPIError as exc:
        by_hand = (
            f"CREATE ROLE {WEB} LOGIN NOINHERIT; CREATE ROLE {VIEWS}; "
            + "".join(f"CREATE ROLE {name}; GRANT {name} TO {WEB}; " for name in ENTERED).strip()
        )
        raise StoreUnavailable(
            "The store's user may not make the roles {roles}; let an administrator of the server run: {by_hand} "
            "and GRANT them to it.",
            roles=list(kinds),
            by_hand=by_hand,
        ) from exc


def settle(connection: Connection) -> None:
    """Give every view and every function that lends its owner's rights to ``gisgrid_views``.

    Only what says in its comment why it must see past the policies stays with the owner. A restored
    backup belongs to whoever restored it, and a new view to whoever made it: both would see all.
    """
    if connection.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")):
        # Comparing two boxes tells nothing about a row; without this word for it, a policy would be
        # asked before the index of geometries is, and a tile would read the whole table.
        connection.execute(text(_BOXES))
    statements = connection.scalars(text(_STRAY), {"views": VIEWS, "exempt": AS_OWNER + "%"}).all()
    if not statements:
        return
    # A new owner must be able to create in the schema at this moment.
    connection.execute(text(f"GRANT CREATE ON SCHEMA public TO {VIEWS}"))
    for statement in statements:
        connection.execute(text(statement))
    connection.execute(text(f"REVOKE CREATE ON SCHEMA public FROM {VIEWS}"))


_MAY_BECOME = """
SELECT NOT rolinherit AND pg_has_role(:web, :role, 'MEMBER') FROM pg_roles WHERE rolname = :web
"""

_BOXES = """
DO $$ BEGIN
    IF to_regprocedure('geometry_overlaps(geometry, geometry)') IS NOT NULL THEN
        ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF;
    END IF;
END $$
"""

_STRAY = """
SELECT format('ALTER VIEW %s OWNER TO %I', c.oid::regclass, CAST(:views AS text))
FROM pg_class c
WHERE c.relkind = 'v' AND c.relnamespace = 'public'::regnamespace
  AND pg_get_userbyid(c.relowner) <> :views
  AND coalesce(obj_description(c.oid, 'pg_class'), '') NOT LIKE :exempt
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
UNION ALL
SELECT format('ALTER FUNCTION %s OWNER TO %I', p.oid::regprocedure, CAST(:views AS text))
FROM pg_proc p
WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace
  AND pg_get_userbyid(p.proowner) <> :views
  AND coalesce(obj_description(p.oid, 'pg_proc'), '') NOT LIKE :exempt
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""
