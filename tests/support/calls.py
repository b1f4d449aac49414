"""Requests for each route, about a place: what the matrix of rights asks as everybody."""

from __future__ import annotations

import math
from collections.abc import Callable

from tests.support.call import OPENED, Call
from tests.support.calls_office import OFFICE_CALLS
from tests.support.canaries import Spot
from tests.support.list_routes import LISTS

__all__ = ["CALLS", "OPENED", "Call"]


def under(path: str, spot: Spot) -> list[Call]:
    """A reading that takes a plan, a day or a township, in all those ways."""
    join = "&" if "?" in path else "?"
    queries = (
        f"plan={spot.plan_id}", f"township={spot.township}", f"as_of=2023-08-31&township={spot.township}",
        "as_of=2000-01-01", "plan=99999", f"plan={spot.plan_id}&lang=en",
    )  # fmt: skip
    return [Call(f"{path}{join}{query}") for query in queries]


def tiles(spot: Spot) -> list[Call]:
    # A zoom at which points are summed up, and one at which they stand alone.
    calls = []
    for z in (10, 16):
        x = int((spot.lon + 180) / 360 * 2**z)
        y = int((1 - math.asinh(math.tan(math.radians(spot.lat))) / math.pi) / 2 * 2**z)
        for layer in ("houses", "open_events", "closed_events", "streets", "residents"):
            calls.append(Call(f"/tiles/{layer}/{spot.plan_id}-x/{z}/{x}/{y}.mvt"))
    return calls


def batch(spot: Spot) -> list[Call]:
    rows = f"address,lon,lat\n,{spot.lon},{spot.lat}\n{spot.address},,\n"
    return [
        Call("/api/v1/locate", "POST", json=[{"lon": spot.lon, "lat": spot.lat}, {"address": spot.address}]),
        Call("/api/v1/locate", "POST", form={"file": (rows.encode(), "a.csv")}),
        Call("/api/v1/locate?format=json", "POST", form={"file": (rows.encode(), "a.csv")}),
        Call(f"/api/v1/locate?plan={spot.plan_id}", "POST", json=[{"address": spot.address}]),
    ]  # fmt: skip


def forms(path: str, **values: str) -> list[Call]:
    return [
        Call(path),
        Call(path, "POST", form=values),
        Call(path, "POST", form={"csrf_token": "x"}),
    ]


def house(spot: Spot) -> list[Call]:
    page = f"/register/house/{spot.house_id}"
    return [
        Call(page),
        Call(f"{page}?lang=en"),
        Call(page, "HEAD"),
        Call("/register/house/99999999"),
    ]


def entered(spot: Spot) -> list[Call]:
    page = f"/register/house/{spot.house_id}/enter"
    person = str(next(iter(spot.resident_ids), 1))
    return [
        Call(f"{page}/visit", "POST", form={"why": "care"}),
        Call(f"{page}/visit", "POST", form={"why": "care", "met": "nobody", "client_id": "matrix"}),
        Call(f"{page}/correct", "POST", form={"resident": person, "phone": "1", "client_id": "m"}),
        Call(f"{page}/household-moved", "POST", form={"household": "1", "address": spot.address}),
        Call(
            f"{page}/house-gone",
            "POST",
            form={"gone": "other", "homes": "moved", "address": spot.address},
        ),
        Call(f"{page}/house-split", "POST", form={"address": "新院1号", "client_id": "split"}),
        Call(f"{page}/nothing", "POST"),
    ]


def opened(spot: Spot) -> list[Call]:
    page = f"/register/house/{spot.house_id}"
    return [
        Call(page, "POST", form={"purpose": "care"}, opens="unmask"),
        Call(page, "POST", form={"purpose": "curiosity"}),
        Call(page, "POST"),
    ]


CALLS: dict[str, Callable[[Spot], list[Call]]] = {
    "api-docs.openapi_json": lambda s: [Call("/api/v1/openapi.json")],
    "editor.from_scratch": lambda s: [Call("/plan/from-scratch", "POST", form={"size": "100"})],
    "editor.branch": lambda s: [Call("/plan/branch", "POST")],
    "editor.bring_in": lambda s: [Call("/plan/import", "POST")],
    "editor.cancel": lambda s: [Call(f"/plan/{s.plan_id}/job/cancel", "POST", form={"plan": str(s.plan_id)})],
    "editor.check": lambda s: [Call(f"/plan/{s.plan_id}/check", "POST", form={"plan": str(s.plan_id)})],
    "editor.compare": lambda s: [Call(f"/plan/{s.plan_id}/compare")],
    "editor.edit": lambda s: [Call(f"/plan/{s.plan_id}/edit", "POST", form={"plan": str(s.plan_id)})],
    "editor.export": lambda s: [Call(f"/plan/{s.plan_id}/grids.geojson")],
    "editor.handover": lambda s: [Call(f"/plan/{s.plan_id}/handover.xlsx")],
    "editor.index": lambda s: [Call("/plan/")],
    "editor.job": lambda s: [Call(f"/plan/{s.plan_id}/job.json")],
    "editor.look": lambda s: [Call(f"/plan/{s.plan_id}/look", "POST", form={"plan": str(s.plan_id)})],
    "editor.lock": lambda s: [Call(f"/plan/{s.plan_id}/lock", "POST", form={"plan": str(s.plan_id)})],
    "editor.preview": lambda s: [Call(f"/plan/{s.plan_id}/preview", "POST", form={"plan": str(s.plan_id)})],
    "editor.publish": lambda s: [Call(f"/plan/{s.plan_id}/publish", "POST", form={"plan": str(s.plan_id)})],
    "editor.rebalance": lambda s: [Call(f"/plan/{s.plan_id}/rebalance", "POST", form={"plan": str(s.plan_id)})],
    "editor.report": lambda s: [Call(f"/plan/{s.plan_id}/report.html")],
    "editor.show": lambda s: [Call(f"/plan/{s.plan_id}")],
    "editor.step": lambda s: [Call(f"/plan/{s.plan_id}/step", "POST", form={"plan": str(s.plan_id)})],
    "editor.step_back": lambda s: [Call(f"/plan/{s.plan_id}/undo", "POST", form={"plan": str(s.plan_id)})],
    "editor.tidy": lambda s: [Call(f"/plan/{s.plan_id}/discard", "POST", form={"plan": str(s.plan_id)})],
    "editor.withdraw": lambda s: [Call(f"/plan/{s.plan_id}/withdraw", "POST", json={"reason": "x"})],
    "editor.view": lambda s: [Call(f"/plan/{s.plan_id}/view.json")],
    "cases.mine": lambda s: [Call("/cases/mine")],
    "cases.move": lambda s: [Call(f"/cases/{s.case_id}/move", "POST", form={"lon": "x", "lat": "1"})],
    "cases.open_words": lambda s: [
        Call(f"/cases/{s.case_id}/open", "POST", form={"purpose": "event"}, opens="see_events"),
        Call(f"/cases/{s.case_id}/open", "POST"),
        Call("/cases/99999/open", "POST", form={"purpose": "event"}),
    ],
    "cases.photo": lambda s: [Call(f"/cases/{s.case_id}/photos/1.jpg")],
    "cases.show": lambda s: [
        Call(f"/cases/{s.case_id}"), Call(f"/cases/{s.case_id}?lang=en"), Call("/cases/99999"),
        Call("/cases/9223372036854775808"),
    ],
    "cases.step": lambda s: [
        Call(f"/cases/{s.case_id}/steps", "POST", form={"step": "nothing"}),
        Call(f"/cases/{s.case_id}/steps", "POST", form={"step": "note", "note": "电话核实"}),
    ],
    "grid_page.show": lambda s: [
        Call(f"/g/{s.grid_code}?township={s.township}"), Call(f"/g/{s.grid_code}?lang=en"), Call("/g/nowhere"),
    ],
    "paper.show": lambda s: [Call("/paper"), Call(f"/paper?township={s.township}&lang=en")],
    "paper.make": lambda s: [
        Call("/paper", "POST", form={"township": s.township}),
        Call("/paper", "POST", form={"sheet": "round", "grid": "nowhere", "township": s.township}),
        Call("/paper", "POST", form={"sheet": "round", "purpose": "curiosity", "township": s.township}),
    ],
    "register.grid": lambda s: [
        Call(f"/register/grid/{s.grid_code}?township={s.township}"), Call(f"/register/grid/{s.grid_code}"),
        Call("/register/grid/nowhere"),
    ],
    "register.handover": lambda s: [Call(f"/register/grid/{s.grid_code}/handover?township={s.township}")],
    "register.house": house,
    "home.my_grid": lambda s: [Call("/my-grid")],
    "register.grids": lambda s: [Call("/register"), Call(f"/register?township={s.township}")],
    "due.to_visit": lambda s: [Call("/visits"), Call(f"/visits?township={s.township}&lang=en")],
    "shell.components": lambda s: [Call("/components")],
    "shell.display": lambda s: forms("/display", size="1", next="/"),
    "shell.find": lambda s: [
        Call(f"/find?q={words}&township={s.township}")
        for words in (s.grid_code, s.address, f"{s.lon},{s.lat}", "1", "x")
    ],
    "today.show": lambda s: [Call("/"), Call(f"/?township={s.township}"), Call("/?lang=en")],
    "home.me": lambda s: [Call("/me"), Call("/me?lang=en")],
    "register.open_house": opened,
    "dispatch.emergency": lambda s: [
        Call(f"/dispatch/emergency?township={s.township}"),
        Call(f"/dispatch/emergency?township={s.township}&lon={s.lon}&lat={s.lat}&radius=300"),
        Call(f"/dispatch/emergency?township={s.township}&lon=x&lat=1&radius=300"),
    ],
    "dispatch.show": lambda s: [Call("/dispatch"), Call(f"/dispatch?township={s.township}&lang=en")],
    "dispatch.keep_shortlist": lambda s: [
        Call("/dispatch/shortlist", "POST", json={"on": [s.case_id, 99999]}),
        Call("/dispatch/shortlist", "POST", json=["x"]),
    ],
    "dispatch.steps": lambda s: [
        Call("/dispatch/steps", "POST", json={"step": "note", "note": "核实", "cases": [{"id": s.case_id}]}),
        Call("/dispatch/steps", "POST", json=["x"]),
    ],
    "dispatch.stream": lambda s: [
        Call("/dispatch/stream"), Call("/dispatch/stream", headers={"Last-Event-ID": "0-3"}),
    ],
    "dispatch.switch_off": lambda s: [Call("/dispatch/emergency/99999/off", "POST")],
    "dispatch.switch_on": lambda s: [
        Call("/dispatch/emergency", "POST", form={"area": "1", "reason": "", "township": s.township}),
    ],
    "documents.all_documents": lambda s: [Call("/documents"), Call(f"/documents?township={s.township}")],
    "documents.all_drafts": lambda s: [Call("/drafts"), Call(f"/drafts?township={s.township}&lang=en")],
    "documents.comment": lambda s: [Call("/drafts/1", "POST", form={"community": "1", "text": "x", "township": s.township})],
    "documents.draft": lambda s: [Call(f"/drafts/1?township={s.township}"), Call("/drafts/999")],
    "documents.draft_file": lambda s: [Call(f"/draft-files/1?township={s.township}")],
    "documents.file": lambda s: [Call("/document-files/D1"), Call("/document-files/D1?version=x")],
    "documents.has_read": lambda s: [Call("/documents/D1", "POST", form={"number": "1"})],
    "documents.one": lambda s: [Call("/documents/D1"), Call("/documents/D1?lang=en")],
    "figures.rows": lambda s: [
        Call(f"/figures/rows?township={s.township}&since=2023-01-01&until=2024-01-01"),
        Call(f"/figures/rows?events={s.event_id}&township={s.township}"), Call("/figures/rows?events=x"),
        Call("/figures/rows?measure=x&unit=y"), Call("/figures/rows?since=2024-01-01&until=2023-01-01"),
    ],
    "figures.show": lambda s: [
        Call(f"/figures?township={s.township}&since=2023-01-01&until=2024-01-01&unit={unit}")
        for unit in ("grid", "source", "nothing")
    ],
    "shortage.show": lambda s: [Call("/shortage"), Call(f"/shortage?township={s.township}")],
    "collecting.answer": lambda s: [Call(f"/collecting/{n}/house/{s.house_id}", "POST", form={"client_id": ""}) for n in (1, 2, 3, 4, 999)],
    "collecting.ask": lambda s: [Call(f"/collecting/{n}/house/{s.house_id}") for n in (1, 2, 3, 4, 999)],
    "collecting.mine": lambda s: [Call("/collecting"), Call(f"/collecting?township={s.township}&lang=en")],
    "collecting.photo": lambda s: [Call("/collecting/photos/1.jpg"), Call("/collecting/photos/1.jpg?small=1")],
    "collecting.task": lambda s: [Call(f"/collecting/{n}") for n in (1, 2, 3, 4, 999)],
    "completeness.grid": lambda s: [Call(f"/completeness/grid/{s.grid_code}?township={s.township}&purpose=care"), Call("/completeness/grid/x")],
    "completeness.show": lambda s: [Call(f"/completeness?township={s.township}&purpose={p}") for p in ("care", "x")],
    "completeness.without": lambda s: [Call(f"/completeness/without?township={s.township}"), Call("/completeness/without?grid=x")],
    "due.unverified": lambda s: [Call(f"/stale?township={s.township}"), Call(f"/stale?township={s.township}&grid={s.grid_code}")],
    "documents.readers": lambda s: [Call("/document-readers/D1"), Call(f"/document-readers/D1?township={s.township}")],
    "trainings.hours": lambda s: [Call(f"/training?township={s.township}&lang=en")],
    "open_problems.add": lambda s: [Call("/open-problems", "POST", form={"code": "L9", "title": "", "township": s.township, "review_on": "x"})],
    "open_problems.look": lambda s: [Call(f"/open-problems/L{s.grid_code}", "POST", form={"finding": "", "next_on": "2199-01-01", "township": s.township})],
    "open_problems.one": lambda s: [Call(f"/open-problems/L{s.grid_code}?township={s.township}"), Call("/open-problems/x?lang=en")],
    "open_problems.show": lambda s: [Call(f"/open-problems?township={s.township}&solved=1"), Call("/open-problems?lang=en")],
    "lookup.index": lambda s: [
        Call(f"/lookup/index.bin?township={s.township}"), Call("/lookup/index.bin?have=x"),
        Call(f"/lookup/index.bin?township={s.township}&later=1"),
    ],
    "lookup.show": lambda s: [Call(f"/lookup?township={s.township}"), Call("/lookup?township=x")],
    "towns.choose": lambda s: [Call("/town"), Call("/town?next=/lookup&lang=en")],
    "towns.chosen": lambda s: forms("/town", township=s.township, next="/"),
    "lookup.worker": lambda s: [Call("/lookup-worker.js")],
    "practice.show": lambda s: [Call("/practice"), Call("/practice?lang=en")],
    "practice.ask": lambda s: [Call(f"/practice/{task}") for task in ("lookup", "verify", "visit", "move", "report", "task", "none")],
    "practice.try_out": lambda s: [
        Call("/practice/lookup", "POST", {"q": "样本街1号"}), Call("/practice/verify", "POST"), Call("/practice/visit", "POST", {"why": "care"}),
        Call("/practice/move", "POST", {"house_id": "1"}), Call("/practice/report", "POST"), Call("/practice/task", "POST", {"q1": "2"}), Call("/practice/none", "POST"),
    ],
    "phone.data": lambda s: [Call(f"/phone/grid.json?township={s.township}"), Call("/phone/grid.json?lang=en")],
    "phone.grid": lambda s: [Call("/phone/grid"), Call("/phone/grid?lang=en")],
    "phone.half": lambda s: [Call("/phone/half", "POST", form={"device": f"{s.house_id:032x}"}), Call("/phone/half", "POST")],
    "phone.lost": lambda s: [Call("/phone/lost/1", "POST"), Call("/phone/lost/99999", "POST")],
    "phone.lost_of": lambda s: [Call("/office/accounts/1/phones/1", "POST"), Call("/office/accounts/99999/phones/1", "POST")],
    "phone.session_now": lambda s: [Call("/phone/session"), Call("/phone/session?device=x")],
    "phone.waiting": lambda s: [Call("/phone/waiting"), Call("/phone/waiting?lang=en")],
    "phone.worker": lambda s: [Call("/phone-worker.js"), Call(f"/phone-worker.js?township={s.township}&lang=en")],
    "maps.features": lambda s: [
        Call(f"/layers/{name}/{s.plan_id}-x.geojson") for name in ("areas", "grids", "houses", "residents")
    ],
    "maps.show": lambda s: under("/map", s),
    "maps.tile": tiles,
    "matter_items.duties": lambda s: [Call(f"/matters/versions/draft/duties?township={s.township}")],
    "matter_items.keep": lambda s: [Call("/matters/versions/draft/item", "POST", form={"code": "1", "township": s.township})],
    "matter_items.keep_duties": lambda s: [Call("/matters/versions/draft/duties", "POST", form={"township": s.township})],
    "matter_items.show": lambda s: [Call(f"/matters/versions/draft/item?township={s.township}&code=01")],
    "matter_items.withdraw": lambda s: [Call("/matters/versions/draft/withdraw", "POST", form={"code": "x", "township": s.township})],
    "matter_lists.begin": lambda s: [Call("/matters/versions", "POST", form={"version": "", "township": s.township})],
    "matter_lists.discard": lambda s: [Call("/matters/versions/draft/discard", "POST", form={"township": s.township})],
    "matter_lists.draft": lambda s: [Call(f"/matters/versions/draft?township={s.township}")],
    "matter_lists.index": lambda s: [Call(f"/matters/versions?township={s.township}"), Call("/matters/versions?lang=en")],
    "matter_lists.publish": lambda s: [Call("/matters/versions/draft/publish", "POST", form={"since": "x", "township": s.township})],
    "matter_lists.take_back": lambda s: [Call("/matters/versions/take-back", "POST", form={"version": "x", "township": s.township})],
    "matter_lists.end_temporary": lambda s: [Call("/matters/versions/temporary/end", "POST", form={"ends": "T1", "why": "x", "township": s.township})],
    "matter_lists.temporary": lambda s: [Call("/matters/versions/temporary", "POST", form={"code": "", "township": s.township})],
    "matters.duties": lambda s: [Call(f"/matters/duties?township={s.township}&lang=en"), Call("/matters/duties?version=x")],
    "supplements.add": lambda s: [Call("/matters/supplements", "POST", form={"text": "", "township": s.township})],
    "supplements.decide": lambda s: [Call("/matters/supplements/999/decide", "POST", form={"to": "agree", "township": s.township})],
    "supplements.end": lambda s: [Call("/matters/supplements/999/end", "POST", form={"township": s.township})],
    "supplements.index": lambda s: [Call(f"/matters/supplements?township={s.township}&lang=en")],
    "matters.book": lambda s: [Call(f"/matters?township={s.township}&lang=en"), Call("/matters?version=x")],
    "figures.burden": lambda s: [Call(f"/figures/burden?township={s.township}&since=2023-01-01&until=2024-01-01")],
    "matters.compare": lambda s: [Call(f"/matters/compare?township={s.township}"), Call("/matters/compare?before=x")],
    "figures.burden_rows": lambda s: [
        Call(f"/figures/burden/rows?township={s.township}&since=2023-01-01&until=2024-01-01&kind={kind}&community={c}")
        for kind in ("sent", "refused", "x") for c in (s.community, "")
    ],
    "messages.confirm": lambda s: [Call("/messages/settings/confirm", "POST", form={"code": "1"})],
    "messages.keep": lambda s: [
        Call("/messages/settings", "POST", form={"email": "x"}),
        Call("/messages/settings", "POST", form={"quiet_from": "22:00", "quiet_until": "x"}),
        Call("/messages/settings", "POST", form={"emergency.badge": "on"}),
    ],
    "messages.open_one": lambda s: [Call("/messages/1", "POST"), Call("/messages/9223372036854775807", "POST")],
    "messages.read_all": lambda s: [Call("/messages/read", "POST")],
    "messages.settings": lambda s: [Call("/messages/settings"), Call("/messages/settings?lang=en")],
    "messages.show": lambda s: [Call("/messages"), Call("/messages?lang=en&page=2"), Call("/messages?page=x")],
    "messages.stream": lambda s: [Call("/messages/stream"), Call("/messages/stream", headers={"Last-Event-ID": "0-3"})],
    "messages.unread": lambda s: [Call("/messages/unread.json"), Call("/messages/unread.json?lang=en")],
    "notices.seen": lambda s: [Call("/notices/1", "POST"), Call("/notices/9223372036854775808", "POST")],
    "notices.show": lambda s: [Call(f"/notices?township={s.township}"), Call("/notices?lang=en")],
    "open311.create": lambda s: [
        Call("/open311/v2/requests.json", "POST", form={"service_code": "0101", "lat": str(s.lat), "long": str(s.lon), "jurisdiction_id": s.township}),
        Call("/open311/v2/requests.xml", "POST", form={"api_key": "ggt_x"}),
    ],
    "open311.definition": lambda s: [Call(f"/open311/v2/services/0101.json?jurisdiction_id={s.township}")],
    "open311.discovery": lambda s: [Call("/open311/v2/discovery.json"), Call("/open311/v2/discovery.xml")],
    "open311.one_request": lambda s: [
        Call(f"/open311/v2/requests/ABCDEFGHJK.json?jurisdiction_id={s.township}"), Call("/open311/v2/requests/E1.xml"),
    ],
    "open311.requests": lambda s: [
        Call(f"/open311/v2/requests.{form}?jurisdiction_id={s.township}&start_date=2023-04-01T00:00:00Z&{more}")
        for form in ("json", "xml") for more in ("", "service_request_id=E1,E2,ABCDEFGHJK")
    ],
    "open311.services": lambda s: [Call(f"/open311/v2/services.json?jurisdiction_id={s.township}"), Call("/open311/v2/services.xml")],
    "open311.token": lambda s: [Call("/open311/v2/tokens/ABCDEFGHJK.json")],
    "planning.body": lambda s: [
        Call(f"/planning/{s.plan_id}/{kind}/2026-01-01-x.json") for kind in ("coverage", "workload", "proposal")
    ],
    "planning.standing": lambda s: [
        Call(f"/planning/{s.plan_id}/{kind}") for kind in ("coverage", "workload", "proposal", "secrets")
    ],
    "register.ask": lambda s: [
        Call(f"/register/house/{s.house_id}/enter/{what}?resident={next(iter(s.resident_ids), 1)}")
        for what in ("visit", "household-in", "alias", "correct", "person-out", "person-in", "house-gone", "house-split", "house-joined", "nothing")
    ],
    "figures.register": lambda s: [
        Call(f"/figures/register?township={s.township}{more}") for more in ("", "&unit=community&column=alone&days=365&lang=en", "&as=xlsx")
    ],
    "figures.explain_sleep": lambda s: [
        Call(f"/figures/register/sleep/{s.grid_code}?township={s.township}", "POST", form=form) for form in ({}, {"reason": "x"})
    ],
    "register.ask_house": lambda s: [
        Call(f"/register/grid/{s.grid_code}/new-house?township={s.township}"), Call("/register/grid/nowhere/new-house"),
    ],
    "register.add_house": lambda s: [
        Call(f"/register/grid/{s.grid_code}/new-house?township={s.township}", "POST", form=form)
        for form in ({}, {"address": "新街1号", "lon": str(s.lon), "lat": str(s.lat), "apart": "1", "client_id": "house"}, {"lon": "x", "lat": "y", "address": "新街1号"})
    ],
    "register.ask_correction": lambda s: [
        Call(f"/register/house/{s.house_id}/correction", "POST", form={"resident": f"{n}", "column": column, column: value})
        for n in (next(iter(s.resident_ids), 1), 99999) for column, value in (("phone", "19900001234"), ("house_id", "1"), ("phone", "x"))
    ],
    "register.wrong": lambda s: [
        Call(f"/register/house/{s.house_id}/correction?resident={next(iter(s.resident_ids), 1)}{more}")
        for more in ("", "&column=phone&lang=en", "&household=99999&column=citizen_id")
    ],
    "aliases.index": lambda s: [
        Call(f"/register/aliases?township={s.township}{more}") for more in ("", "&q=x&lang=en", "&sort=-words", "&as=xlsx")
    ],
    "aliases.keep": lambda s: [
        Call(f"/register/aliases?township={s.township}", "POST", form=form)
        for form in ({}, {"words": "测试亭", "lon": str(s.lon), "lat": str(s.lat)}, {"words": "测试楼", "house": "99999"}, {"words": "x", "number": "1", "house": "y"})
    ],
    "aliases.end": lambda s: [Call(f"/register/aliases/99999/end?township={s.township}", "POST")],
    "asked.one": lambda s: [Call(f"/corrections/{n}") for n in (1, 2, 3, 4, 99999)],
    "register.entry": lambda s: [Call(f"/register/entries/{n}") for n in (1, 2, 3, 4, 99999)],
    "register.photo": lambda s: [Call("/register/photos/1.jpg"), Call("/register/photos/1.jpg?small=1")],
    "register.changes": lambda s: [Call("/register/changes"), Call(f"/register/changes?township={s.township}&lang=en")],
    "register.decide": lambda s: [
        Call("/register/changes", "POST"), Call("/register/changes", "POST", form={"entry": "99999", "decision": "accept"}),
        Call("/register/changes", "POST", form={"entry": "1", "decision": "return"}),
    ],
    "register.take_back": lambda s: [Call("/register/changes/back/1", "POST", {"reason": "样本"}), Call("/register/changes/back/99999", "POST")],
    "register.put_aside": lambda s: [Call("/register/changes/refused/1", "POST"), Call("/register/changes/refused/99999", "POST")],
    "register.enter": entered,
    "register.open_changes": lambda s: [
        Call("/register/changes/open", "POST", form={"purpose": "verify"}, opens="check_register"),
        Call("/register/changes/open", "POST", form={"purpose": "curiosity"}), Call("/register/changes/open", "POST"),
    ],
    "report.answered": lambda s: [Call("/report/ABCDEFGHJK", "POST", form={"do": "rate", "rating": "5"})],
    "report.followed": lambda s: [Call("/report/ABCDEFGHJK"), Call("/report/x?lang=en")],
    "report.near": lambda s: [
        Call(f"/report/near?matter=0101&lon={s.lon}&lat={s.lat}&township={s.township}"),
        Call(f"/report/near?address={s.address}"), Call("/report/near?lon=x&lat=1"),
    ],
    "report.send": lambda s: [
        Call("/report", "POST", form={"matter": "0101", "address": s.address, "township": s.township}),
        Call("/report", "POST", form={"add": str(s.event_id), "text": "x"}),
    ],
    "report.show": lambda s: [Call("/report"), Call(f"/report?township={s.township}&lang=en")],
    "report.thumbnail": lambda s: [Call("/report/photos/1"), Call("/report/photos/9999999999")],
    "security.change_password": lambda s: forms("/account/change", password="x", new_password="y"),
    "security.login": lambda s: forms("/account/login", name="community_clerk-999901001001-", password="x"),
    "security.logout": lambda s: [Call("/account/logout", "POST", form={"csrf_token": "x"})],
    "security.two_factor_setup": lambda s: forms("/account/tf-setup"),
    "security.two_factor_setup_validate": lambda s: forms("/account/tf-setup/x"),
    "security.two_factor_token_validation": lambda s: forms("/account/tf-validate", code="1"),
    "static": lambda s: [Call("/static/icon.svg"), Call("/static/nothing.js")],
    "telephone.new": lambda s: [Call(f"/dispatch/new?township={s.township}")],
    "telephone.send": lambda s: [
        Call("/dispatch/new", "POST", form={"matter": "0101", "address": s.address, "township": s.township}),
        Call("/dispatch/new", "POST", form={"add": str(s.event_id), "text": "x"}),
    ],
    "v1.all_plans": lambda s: [Call(f"/api/v1/plans?township={s.township}"), Call("/api/v1/plans?township=x")],
    "v1.case_tabs": lambda s: [
        Call(f"/api/v1/cases/tabs?township={s.township}"),
        Call(f"/api/v1/cases/tabs?township={s.township}&community={s.community}&mine=1"),
    ],
    "v1.cases": lambda s: [
        Call(f"/api/v1/cases?township={s.township}&state=all&limit=500&square=0.001"),
        Call(f"/api/v1/cases?township={s.township}&state=all&q=秘&ids={s.case_id}&lang=en"),
        Call("/api/v1/cases?box=1,2,3,x"), Call("/api/v1/cases?township=x"),
    ],
    "v1.counts": lambda s: under("/api/v1/summary", s),
    "v1.event": lambda s: [
        Call(f"/api/v1/plans/{s.plan_id}/events/{s.event_id}"), Call(f"/api/v1/plans/99/events/{s.event_id}"),
        Call(f"/api/v1/plans/{s.plan_id}/events/9223372036854775808"),
    ],
    "v1.grid": lambda s: under(f"/api/v1/grids/{s.grid_code}", s),
    "v1.grids": lambda s: [Call(f"/api/v1/plans/{s.plan_id}/grids?geometry=true")],
    "v1.health": lambda s: [Call("/api/v1/health")],
    "v1.house": lambda s: [
        Call(f"/api/v1/plans/{s.plan_id}/houses/{s.house_id}"), Call(f"/api/v1/plans/99/houses/{s.house_id}")
    ],
    "v1.leader": lambda s: [Call(f"/api/v1/grids/{s.grid_code}/leader?purpose={p}&township={s.township}") for p in ("contact", "x")],
    "v1.locate": lambda s: [
        *under(f"/api/v1/locate?lon={s.lon}&lat={s.lat}", s), *under(f"/api/v1/locate?address={s.address}", s),
        Call("/api/v1/locate?lon=0&lat=0"), Call("/api/v1/locate?address=路"),
    ],
    "v1.locate_many": batch,
    "v1.search": lambda s: [c for q in ("虚构", "号", s.house_code, s.grid_code) for c in under(f"/api/v1/search?q={q}&limit=50", s)],
    "v1.townships": lambda s: [Call("/api/v1/townships")],
}  # fmt: skip
"""Requests for each endpoint, about a place; a new route needs its line here."""


def _and_as_workbook(pages: Callable[[Spot], list[Call]]) -> Callable[[Spot], list[Call]]:
    def leaves(call: Call) -> Call:
        return Call(f"{call.path}{'&' if '?' in call.path else '?'}as=xlsx")

    return lambda spot: [each for call in pages(spot) for each in (call, leaves(call))]


CALLS |= OFFICE_CALLS
CALLS |= {name: _and_as_workbook(CALLS[name]) for name in LISTS}
