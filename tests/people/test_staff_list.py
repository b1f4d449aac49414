"""A list of people makes accounts and posts in the township it is for, whatever the codes of the next."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.people.accounts import add_account
from gisgrid.people.appointments import appoint
from gisgrid.people.staff_list import make_accounts, rows_of, table_of
from tests.support.town_f import load_kind

TREE = "code,level,name,parent\nC,county,县,\nT1,township,甲镇,C\nT2,township,乙镇,C\n"
GROUND = {
    "T1": shapely.box(120.9, 40.7, 120.91, 40.71),
    "T2": shapely.box(120.91, 40.7, 120.92, 40.71),
}
LIST = "login,name,role,area\nzhang,测试,community_clerk,1\n"


def two_townships(session: Session, folder: Path) -> None:
    """Each has a community with the code 1."""
    tree, communities = folder / "tree.csv", folder / "communities.geojson"
    tree.write_text(TREE, encoding="utf-8")
    features = [
        {
            "type": "Feature",
            "properties": {"code": "1", "level": "community", "name": "社区", "parent": town},
            "geometry": json.loads(shapely.to_geojson(ground)),
        }
        for town, ground in GROUND.items()
    ]
    collection = json.dumps({"type": "FeatureCollection", "features": features})
    communities.write_text(collection, encoding="utf-8")
    load_kind(session, "areas", tree)
    load_kind(session, "areas", communities)


def posts(session: Session) -> list[tuple[str, str]]:
    rows = session.execute(
        text(
            "SELECT up.code, a.code FROM appointment m JOIN area a ON a.id = m.area_id "
            "JOIN area up ON up.id = a.parent_id ORDER BY 1, 2"
        )
    )
    return [(row[0], row[1]) for row in rows]


def test_a_post_in_a_community_of_the_same_code_elsewhere_is_another_post(
    session: Session, tmp_path: Path
):
    two_townships(session, tmp_path)
    add_account(session, "zhang", "测试")
    appoint(session, "zhang", "community_clerk", area="T1/1", since=date(2022, 1, 1))
    make_accounts(session, "T2", rows_of(table_of(LIST)))
    assert posts(session) == [("T1", "1"), ("T2", "1")]
    # And a list that is sent twice gives no post twice.
    again = make_accounts(session, "T2", rows_of(table_of(LIST)))
    assert [row.outcome for row in again] == ["nothing"]
    assert posts(session) == [("T1", "1"), ("T2", "1")]
