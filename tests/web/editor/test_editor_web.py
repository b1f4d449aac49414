"""The editor over HTTP: who may, what is refused, and that nothing personal leaves it."""

from __future__ import annotations

import io
import json
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from flask.testing import FlaskClient
from shapely.geometry import mapping, shape
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.plans import PlanInfo, township
from gisgrid.db.store import transaction
from gisgrid.planning.editor import editors, scenarios
from gisgrid.planning.settings.townships import change_township
from gisgrid.planning.snapshot.fetch import plan_grids
from tests.support.editor import checked, client_of, drafted, neighbours, put_upon, view
from tests.support.town_f import load_kind
from tests.support.waiting import eventually
from tests.support.web import app_over
from web.editor import store


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], PlanInfo]:
    return drafted


@pytest.fixture
def draft(made: PlanInfo) -> PlanInfo:
    return made


def account_of(engine: Engine, role: str) -> int:
    with engine.connect() as connection:
        found = connection.scalar(
            text("SELECT account_id FROM appointment WHERE role = :role"), {"role": role}
        )
    assert isinstance(found, int)
    return found


def bent(arc: dict[str, Any], by: float) -> dict[str, Any]:
    """The border by way of a place beside its middle."""
    line = arc["line"]
    (ax, ay), (bx, by_) = line[0], line[1]
    length = float(np.hypot(bx - ax, by_ - ay))
    side = [(ax + bx) / 2 - (by_ - ay) / length * by, (ay + by_) / 2 + (bx - ax) / length * by]
    return {"kind": "drag", "arcs": {str(arc["id"]): [line[0], side, *line[1:]]}}


def test_a_drag_is_previewed_kept_and_seen(engine: Engine, draft: PlanInfo):
    client = client_of(engine, "planner")
    found = view(client, draft)
    arc = neighbours(found)
    edit = bent(arc, 0.0008)
    answer = client.post(f"/plan/{draft.id}/preview", json={"version": 0, "edit": edit})
    assert answer.status_code == 200, answer.text
    told = {g["code"]: g for g in answer.json["grids"]}
    assert set(told) == set(arc["grids"])
    assert answer.json["refused"] is None
    moved = sum(abs(g["houses"] - g["before"]["houses"]) for g in told.values()) / 2
    assert moved == sum(f["houses"] for f in answer.json["flows"])
    assert view(client, draft)["version"] == 0, "a preview keeps nothing"
    kept = client.post(
        f"/plan/{draft.id}/edit", json={"version": 0, "edit": edit, "why": "试"}
    ).json
    assert kept["version"] == 1
    shown = put_upon(found, kept)
    after = {g["code"]: g["houses"] for g in shown["grids"]}
    assert all(after[c] == g["houses"] for c, g in told.items())
    # The whole scenario beside the plan it came from, which stays as it is.
    today = found["figures_before"]
    told = {name: value for name, value in today.items() if name != "deviations"}
    assert found["figures"] == told | {"residents_moved": 0}
    every = [g["deviation"] for g in found["grids"] if g["kind"] == "basic"]
    assert today["deviations"] == [each for each in every if each is not None]
    assert kept["figures"]["residents_moved"] == sum(f["residents"] for f in answer.json["flows"])
    # What is as it was is not told again.
    assert "uncovered" in found and "uncovered" not in kept
    assert client.get(f"/plan/{draft.id}/view.json").json["figures_before"] == today
    assert client.get(f"/plan/{draft.id}/job.json?taken=1").json == {"version": 1, "taken": None}
    assert kept["log"][0]["who"] == "测试planner (planner-999901001-)"
    assert view(client, draft)["grids"] == shown["grids"], "from memory as from the store"


def test_the_page_that_leads_to_a_large_town_begins_to_read_it(
    engine: Engine, draft: PlanInfo, monkeypatch: pytest.MonkeyPatch
):
    read: list[str] = []

    def noted(session: Session, place: Any, plan: PlanInfo, shown: PlanInfo) -> Any:
        read.append(threading.current_thread().name)
        return scenarios.base_editor(session, place, plan, shown)

    monkeypatch.setattr(editors, "base_editor", noted)
    client = client_of(engine, "planner")
    other = app_over(engine, account=account_of(engine, "planner"))
    heard = Counter[str]()
    for app in (client.application, other):
        listener = app.extensions["gisgrid"].listener
        listener.hear(scenarios.WANTED, lambda payload: heard.update([payload]))
        listener.start()
        assert eventually(lambda listener=listener: listener.listening)
    assert client.get("/plan/").status_code == 200
    monkeypatch.setattr(store, "A_LARGE_TOWN", 0)
    assert client.get("/plan/").status_code == 200
    assert eventually(lambda: read == ["editor"] * 2), "each process reads it"
    assert sum(heard.values()) == 2, "a small town is read when it is asked for"
    for asked in (client, other.test_client()):
        assert view(asked, draft)["version"] == 0
    assert read == ["editor"] * 2, "and whoever asks for it takes what was read"


def test_another_process_reads_what_was_kept_before_it_is_asked(
    engine: Engine, draft: PlanInfo, monkeypatch: pytest.MonkeyPatch
):
    read: list[str] = []

    def noted(session: Session, place: Any, plan: PlanInfo) -> Any:
        read.append(threading.current_thread().name)
        return plan_grids(session, place, plan)

    one = client_of(engine, "planner")
    arc = neighbours(view(one, draft))
    app = app_over(engine, account=account_of(engine, "planner"))
    other = app.test_client()
    listener = app.extensions["gisgrid"].listener
    listener.start()
    assert eventually(lambda: listener.listening)
    assert view(other, draft)["version"] == 0
    monkeypatch.setattr(editors, "plan_grids", noted)
    edit = {"version": 0, "edit": bent(arc, 0.0008)}
    assert one.post(f"/plan/{draft.id}/edit", json=edit).status_code == 200
    assert eventually(lambda: read == ["editor"])
    found = view(other, draft)
    assert found["version"] == 1
    for there, here in zip(found["grids"], view(one, draft)["grids"], strict=True):
        # The store keeps every grid as a multipolygon.
        assert shapely.equals(shape(there.pop("geometry")), shape(here.pop("geometry")))
        assert there == here
    assert read == ["editor"], "whoever asks takes what was read"


def test_a_reading_that_fails_is_no_reason_to_stop_listening(
    engine: Engine, draft: PlanInfo, monkeypatch: pytest.MonkeyPatch
):
    client = client_of(engine, "planner")
    assert view(client, draft)["version"] == 0
    follower = client.application.extensions["gisgrid_editor_followed"]
    tried: list[int] = []

    def failing(session: Session, plan_id: int, *rights: str, exact: bool = False) -> Any:
        tried.append(plan_id)
        raise RuntimeError("what nobody thought of")

    monkeypatch.setattr(store, "at_hand", failing)
    for times in (1, 2):
        follower.heard(str(draft.id))
        assert eventually(lambda times=times: len(tried) == times)
        assert eventually(lambda: not [t for t in threading.enumerate() if t.name == "editor"])


def test_a_dragged_corner_snaps_to_a_parcel(engine: Engine, draft: PlanInfo, tmp_path: Path):
    client = client_of(engine, "planner")
    arc = neighbours(view(client, draft))
    edit = bent(arc, 0.0008)
    lon, lat = edit["arcs"][str(arc["id"])][1]
    # A field whose corner lies 5 m from where the hand let go.
    field = shapely.box(lon + 0.00004, lat + 0.00003, lon + 0.0004, lat + 0.0003)
    file = tmp_path / "parcels.geojson"
    features = [{"type": "Feature", "properties": {"code": "P1"}, "geometry": mapping(field)}]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    with transaction(engine) as session:
        report = load_kind(session, "parcels", file, crs="wgs84")
        assert report.rejected.counts() == {}
    free = client.post(f"/plan/{draft.id}/preview", json={"version": 0, "edit": edit}).json
    snapped = client.post(
        f"/plan/{draft.id}/preview", json={"version": 0, "edit": {**edit, "snap_m": 10}}
    ).json
    assert [lon, lat] in corners_of(free)
    corner = shapely.Point(lon + 0.00004, lat + 0.00003)
    assert any(shapely.Point(c).distance(corner) < 1e-9 for c in corners_of(snapped))
    assert [lon, lat] not in corners_of(snapped)


def corners_of(answer: Any) -> list[list[float]]:
    rings = [r for g in answer["grids"] for part in g["geometry"]["coordinates"] for r in part]
    rings = [r for r in rings if isinstance(r[0], list)] or [
        r for g in answer["grids"] for r in g["geometry"]["coordinates"]
    ]
    return [corner for ring in rings for corner in ring]


@pytest.mark.parametrize(
    "edit",
    [
        None,
        {},
        {"kind": "none"},
        {"kind": "drag"},
        {"kind": "drag", "arcs": {"0": [["a", "b"], [1, 2]]}},
        {"kind": "drag", "arcs": {"99999": [[1, 2], [3, 4]]}},
        {"kind": "split", "grid": "x", "line": [[1, 2]], "name": "y"},
        {"kind": "draw", "polygon": [[0, 0], [1, 1], [1, 0], [0, 1]], "name": "bow"},
        {"kind": "draw", "polygon": [[0, 0], [1, 0], [1, 1]], "name": "far away"},
        {"kind": "give", "polygon": [[0, 0], [1, 0], [1, 1]], "to": "x"},
        {"kind": "rebalance", "job": "x"},
        {"kind": "merge", "into": 1},
    ],
)
def test_what_is_no_edit_is_refused_in_words_and_keeps_nothing(
    engine: Engine, draft: PlanInfo, edit: Any
):
    client = client_of(engine, "planner")
    answer = client.post(f"/plan/{draft.id}/edit", json={"version": 0, "edit": edit})
    assert answer.status_code in (404, 422), answer.text
    assert answer.content_type == "application/problem+json"
    assert answer.json["detail"]
    assert view(client, draft)["version"] == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("undo", {}),
        ("lock", {"kind": "grid"}),
        ("lock", {"kind": "moon", "codes": ["x"]}),
        ("rebalance", {"tolerance": "much"}),
        ("step", {"step": "jump"}),
        ("publish", {"from": "soon"}),
        ("preview", []),
    ],
)
def test_a_request_that_makes_no_sense_is_told_so(
    engine: Engine, draft: PlanInfo, path: str, body: Any
):
    answer = client_of(engine, "planner").post(f"/plan/{draft.id}/{path}", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json["detail"]


@pytest.mark.parametrize("far", [True, False])
def test_what_is_ticked_beside_a_proposal_is_asked_of_the_machine(
    engine: Engine, draft: PlanInfo, far: bool
):
    asked = {"tolerance": 0.02, "far": far}
    answer = client_of(engine, "planner").post(f"/plan/{draft.id}/rebalance", json=asked)
    assert answer.status_code == 200, answer.text
    with transaction(engine) as session:
        job = {"id": answer.json["job"]["id"]}
        options = session.scalar(text("SELECT options FROM job WHERE id = :id"), job)
    assert (options["far"], options["tolerance"]) == (far, 0.02)


def test_an_old_version_is_told_and_keeps_nothing(engine: Engine, draft: PlanInfo):
    client = client_of(engine, "planner")
    arc = neighbours(view(client, draft))
    merge = {"kind": "merge", "into": arc["grids"][0], "gone": arc["grids"][1]}
    assert (
        client.post(f"/plan/{draft.id}/edit", json={"version": 0, "edit": merge}).json["version"]
        == 1
    )
    late = client.post(f"/plan/{draft.id}/edit", json={"version": 0, "edit": merge})
    assert (late.status_code, late.json["facts"]["version"]) == (409, 1)
    assert client.post(f"/plan/{draft.id}/undo", json={"version": 0}).status_code == 409


@pytest.mark.thorough
def test_what_changes_beside_the_plan_is_seen_by_the_next_check(engine: Engine, draft: PlanInfo):
    client = client_of(engine, "planner")

    def answers() -> dict[str, str]:
        found = checked(client, engine, draft)
        return {check["name"]: check["status"] for check in found}

    assert (answers()["size"], answers()["no_trained"]) == ("incomplete", "incomplete")
    with transaction(engine) as session:
        change_township(session, township(session).code, ["sizes.basic.houses=1,2,3"])
    assert answers()["size"] == "fail"
    with transaction(engine) as session:
        session.execute(
            text(
                "INSERT INTO training (township_id, code, course, kind, held_on, hours) "
                "SELECT area_id, 't1', '课', 'training', '2024-01-01', 2 FROM township"
            )
        )
    assert answers()["no_trained"] == "fail"


def test_only_who_may_plan_in_the_township_draws(engine: Engine, draft: PlanInfo):
    planner = client_of(engine, "planner")
    arc = neighbours(view(planner, draft))
    merge = {"kind": "merge", "into": arc["grids"][0], "gone": arc["grids"][1]}
    with transaction(engine) as session:
        session.execute(
            text(
                "INSERT INTO area (code, level, name, parent_id) "
                "SELECT '999901002', 'township', '他镇', id FROM area WHERE level = 'county'"
            )
        )
    reviewer = client_of(engine, "county_reviewer", "999901")
    assert reviewer.get(f"/plan/{draft.id}/view.json").status_code == 200
    stranger = client_of(engine, "planner", "999901002")
    clerk = client_of(engine, "community_clerk", "999901001001")
    for client in (reviewer, stranger, clerk):
        asked = client.post(f"/plan/{draft.id}/edit", json={"version": 0, "edit": merge})
        assert asked.status_code == 403, asked.text
    for client in (stranger, clerk):
        for path in ("", "/view.json", "/handover.xlsx", "/report.html", "/grids.gpkg"):
            assert client.get(f"/plan/{draft.id}{path}").status_code == 403
    assert planner.post(f"/plan/{draft.id}/step", json={"step": "approve"}).status_code == 403


def test_nothing_of_a_person_leaves_the_editor(engine: Engine, draft: PlanInfo):
    client = client_of(engine, "planner")
    arc = neighbours(view(client, draft))
    edit = {"version": 0, "edit": bent(arc, 0.0008)}
    texts = [
        client.get("/plan/").text,
        client.get(f"/plan/{draft.id}").text,
        client.get(f"/plan/{draft.id}/view.json").text,
        client.post(f"/plan/{draft.id}/preview", json=edit).text,
        client.post(f"/plan/{draft.id}/edit", json=edit).text,
        json.dumps(checked(client, engine, draft)),
        client.get(f"/plan/{draft.id}/compare").text,
        client.get(f"/plan/{draft.id}/report.html").text,
        client.get(f"/plan/{draft.id}/grids.geojson").text,
    ]
    for body in texts:
        assert "测试人" not in body and "13900000000" not in body
    assert (
        client.get(f"/plan/{draft.id}/report.html").headers["Cache-Control"] == "private, no-store"
    )


def test_the_redraw_file_tells_reasons_codes_and_who_decided(engine: Engine, draft: PlanInfo):
    client = client_of(engine, "planner")
    one, two = neighbours(view(client, draft))["grids"]
    merge = {"kind": "merge", "into": one, "gone": two}
    edit = {"version": 0, "edit": merge, "why": "两格合并办公"}
    assert client.post(f"/plan/{draft.id}/edit", json=edit).status_code == 200
    assert client.post(f"/plan/{draft.id}/step", json={"step": "submit"}).status_code == 200
    page = client.get(f"/plan/{draft.id}/report.html?lang=en").text
    told = page.split("<h2>Codes</h2>")[1]
    codes, edits = told.split("<h2>Edits and reasons</h2>")
    assert f"<td>no longer used</td><td>{two}</td>" in codes
    assert "两格合并办公" in edits and f"{two} → {one}" in edits
    assert page.count("<svg") == 2
    assert "In review" in page.split("<h2>Review</h2>")[1]


def test_a_name_that_is_markup_stays_text(engine: Engine, draft: PlanInfo):
    bad = "<script>alert(1)</script>"
    with transaction(engine) as session:
        session.execute(
            text("UPDATE grid SET name = :bad WHERE plan_id = :p"), {"bad": bad, "p": draft.id}
        )
        scenarios.rename(session, draft, bad)
    client = client_of(engine, "planner")
    for path in ("/plan/", f"/plan/{draft.id}", f"/plan/{draft.id}/report.html"):
        assert bad not in client.get(path).text


def told(client: FlaskClient, path: str, **how: Any) -> list[str]:
    """How a request is refused, in Chinese and in English."""
    answers = [client.post(f"{path}?lang={lang}", **how) for lang in ("zh", "en")]
    assert {a.status_code for a in answers} <= {409, 422}, answers[0].text
    return [a.json["detail"] for a in answers]


@pytest.mark.thorough
def test_bad_input_is_told_in_both_languages_and_nothing_is_lost(engine: Engine, draft: PlanInfo):
    client = client_of(engine, "planner")
    before = view(client, draft)
    grids = {g["code"]: g for g in before["grids"]}
    arc = neighbours(before)
    ring = np.array(grids[arc["grids"][0]]["geometry"]["coordinates"][0][0][:4])
    (west, south), (east, north) = ring.min(axis=0), ring.max(axis=0)
    hair = north - (north - south) * 1e-3
    outer = next(a for a in before["arcs"] if len(a["grids"]) == 1)
    edits: dict[str, tuple[dict[str, Any], str, str]] = {
        "crosses itself": (
            {"kind": "draw", "name": "x",
             "polygon": [[west, south], [east, north], [east, south], [west, north]]},
            "自相交", "crosses itself",
        ),
        "leaves the township": (bent(outer, -0.002), "越出", "leave its community"),
        "leaves the township inwards": (bent(outer, 0.0004), "没有网格", "without a grid"),
        "empties a part": (
            {"kind": "split", "grid": arc["grids"][0], "name": "x",
             "line": [[west - 0.001, hair], [east + 0.001, hair]]},
            "没有任何房屋", "No house",
        ),
    }  # fmt: skip
    for edit, zh, en in edits.values():
        chinese, english = told(client, f"/plan/{draft.id}/edit", json={"version": 0, "edit": edit})
        assert zh in chinese and en in english
        seen = client.post(
            f"/plan/{draft.id}/preview?lang=zh", json={"version": 0, "edit": edit}
        ).json
        assert zh in seen["refused"]["message"], "told while drawing, too"
    assert view(client, draft) == before
    # A file whose grids overlap.
    features = [
        {"type": "Feature", "geometry": g["geometry"],
         "properties": {k: g[k] for k in ("code", "name", "kind", "community")} | {"host": "虚构中学"}}
        for g in [*before["grids"], {**before["grids"][0], "code": "999901001001099", "name": "重"}]
    ]  # fmt: skip
    file = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    for lang, word in (("zh", "重叠"), ("en", "overlap")):
        form = {"name": "外来", "crs": "EPSG:4326", "file": (io.BytesIO(file), "plan.geojson")}
        answer = client.post(f"/plan/import?lang={lang}", data=form)
        assert answer.status_code == 422 and word in answer.json["detail"], answer.text
    with transaction(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM plan")) == 2
        session.execute(
            text(
                "UPDATE plan SET validity = daterange('2022-09-01', '2023-01-01') WHERE id = :base"
            ),
            {"base": draft.based_on_id},
        )
        session.execute(
            text(
                "INSERT INTO plan (township_id, name, state, validity) SELECT township_id, '新方案', "
                "'published', daterange('2023-01-01', NULL) FROM plan WHERE id = :base"
            ),
            {"base": draft.based_on_id},
        )
    # Drawn from a plan that is no longer in force.
    chinese, english = told(client, f"/plan/{draft.id}/step", json={"step": "submit"})
    assert "现行方案已是“新方案”" in chinese and "'新方案' is published now" in english
    chinese, _ = told(client, "/plan/branch", data={"source": str(draft.based_on_id), "name": "y"})
    assert "之后已有“新方案”" in chinese
