"""Backups at the office's page: for who administers the whole store, without saying where they lie."""

from __future__ import annotations

from sqlalchemy import Engine, text

from gisgrid.db.store import transaction
from gisgrid.people.privacy.backups import backups
from tests.support.accounts import acting, appointed, refused, web_engine
from tests.support.lists import fill_lists
from tests.support.office import Keeper

PAGE = "/office/backups"


def test_backups_are_listed_for_who_administers_the_whole_store(own_town: Engine):
    with transaction(own_town) as session:
        made = fill_lists(session)
        (known,) = backups(session)
        assert known.path == "/srv/secret-place/town.dump", "the terminal is told where"
    page = Keeper(own_town, made["government"]).get(PAGE).text
    assert "town.dump" in page and "12.3" in page and "past its time" in page
    assert "secret-place" not in page
    assert Keeper(own_town, made["clerk"]).get(PAGE).status_code == 403
    with acting(web_engine(own_town), made["clerk"]) as session:
        refused(session, "SELECT 1 FROM backup")
        assert session.execute(text("SELECT * FROM list_backups()")).all() == []


def test_who_administers_one_township_of_several_sees_none(own_town: Engine):
    with transaction(own_town) as session:
        fill_lists(session)
        keeper = appointed(session, "administrator", name="keeper")
        session.execute(
            text(
                "WITH a AS (INSERT INTO area (code, level, name, parent_id, geom) SELECT '999901002', 'township', "
                "'虚构镇', parent_id, geom FROM area WHERE level = 'township' RETURNING id) "
                "INSERT INTO township (area_id, metric_srid) SELECT id, 4549 FROM a"
            )
        )
    page = Keeper(own_town, keeper).get(f"{PAGE}?township=999901001").text
    assert "town.dump" not in page and "who administers the whole store" in page
