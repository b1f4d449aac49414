"""Under which names are members of staff listed? On pages their own, to who may see contacts; at the server masked."""

from __future__ import annotations

_AT_THE_SERVER = """(
    SELECT p.id, p.code, p.township_id, masked_name(p.name, t.masking -> 'name') AS name
    FROM staff p JOIN township t ON t.area_id = p.township_id
)"""


def named(query: str, masked: bool) -> str:
    """A query over ``staff_named`` (id, code, township_id, name): the web's view of it, or the table itself.

    The view is held to the policies, so that the owner, who acts for nobody, sees nothing in it.
    """
    return query.replace("staff_named", "masked_staff" if masked else _AT_THE_SERVER)
