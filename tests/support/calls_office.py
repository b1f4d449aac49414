"""Requests for each route of the office's desk, about a place."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.call import Call
from tests.support.canaries import Spot

OFFICE_CALLS: dict[str, Callable[[Spot], list[Call]]] = {
    "accounts.add": lambda s: [Call("/office/accounts/new", "POST", form={"name": "x", "shown": "", "role": "planner", "area": s.township})],
    "accounts.add_token": lambda s: [Call("/office/accounts/999/tokens", "POST", form={"token": "t", "days": "1"})],
    "accounts.appoint": lambda s: [Call(f"/office/accounts/{n}/posts", "POST", form={"role": "planner"}) for n in (2, 999)],
    "accounts.drop_factor": lambda s: [Call("/office/accounts/999/factor", "POST")],
    "accounts.end": lambda s: [Call("/office/accounts/2/posts/999999/end", "POST")],
    "accounts.hand_out": lambda s: [Call(f"/office/accounts/{n}/slip", "POST") for n in (2, 999)],
    "accounts.index": lambda s: [Call("/office/accounts"), Call("/office/accounts?q=m&role=planner&page=2&lang=en")],
    "accounts.make_several": lambda s: [Call("/office/accounts/several/make", "POST", form={"township": s.township})],
    "accounts.new": lambda s: [Call("/office/accounts/new")],
    "accounts.one": lambda s: [Call(f"/office/accounts/{n}") for n in (2, 5, 999)],
    "accounts.revoke_token": lambda s: [Call("/office/accounts/999/tokens/revoke", "POST", form={"token": "t"})],
    "accounts.several": lambda s: [Call("/office/accounts/several")],
    "accounts.switch": lambda s: [Call("/office/accounts/999/switch", "POST", form={"to": "off"})],
    "accounts.try_several": lambda s: [
        Call("/office/accounts/several", "POST", form={"list": "code,name,role\nx9,测试,planner", "township": s.township}),
    ],
    "audit.index": lambda s: [
        Call("/office/audit"), Call("/office/audit?verify=1&noted=x&lang=en"), Call("/office/audit?account=m1&purpose=care&since=2023-01-01&page=2"),
        Call("/office/audit?since=x"),
    ],
    "backups.drill": lambda s: [Call("/office/backups/drill", "POST", form={"backup": n}) for n in ("1", "x")],
    "backups.make": lambda s: [Call("/office/backups/make", "POST")],
    "backups.index": lambda s: [Call("/office/backups"), Call("/office/backups?lang=en")],
    "calendar.day": lambda s: [Call("/office/township/calendar/day", "POST", form={"day": "2026-01-05", "kind": "x", "township": s.township})],
    "calendar.keep": lambda s: [Call("/office/township/calendar/keep", "POST", form={"propose": "1900", "township": s.township})],
    "calendar.show": lambda s: [
        Call(f"/office/township/calendar?township={s.township}"), Call(f"/office/township/calendar?propose=2026&township={s.township}"),
    ],
    "corrections.decide": lambda s: [
        Call("/office/corrections/999", "POST", form={"decision": "accept", "township": s.township}),
        *(Call(f"/office/corrections/{n}", "POST", form={"decision": "refuse", "township": s.township}) for n in (1, 2, 3, 4)),
    ],
    "corrections.index": lambda s: [
        Call(f"/office/corrections?township={s.township}"), Call(f"/office/corrections?state=refused&township={s.township}&lang=en"),
    ],
    "corrections.open_values": lambda s: [
        Call(f"/office/corrections/open?township={s.township}", "POST", form={"purpose": "verify"}, opens="check_register"),
        Call("/office/corrections/open", "POST", form={"purpose": "curiosity"}), Call("/office/corrections/open", "POST"),
    ],
    "imports.away": lambda s: [Call("/office/import/999/away", "POST")],
    "imports.cancel": lambda s: [Call("/office/import/1/cancel", "POST")],
    "imports.check": lambda s: [
        Call("/office/import/1/check", "POST", form={"kind": "houses", "into": s.township}),
        Call("/office/import/999/check", "POST", form={"kind": "houses"}),
    ],
    "imports.commit": lambda s: [Call(f"/office/import/{n}/commit", "POST") for n in (1, 999)],
    "imports.foresee": lambda s: [Call(f"/office/import/{n}/foresee", "POST") for n in (1, 999)],
    "imports.foresee_run": lambda s: [Call(f"/office/import/runs/{n}/foresee", "POST") for n in (1, 999)],
    "imports.index": lambda s: [Call(f"/office/import?township={s.township}"), Call("/office/import?lang=en")],
    "imports.look": lambda s: [Call("/office/import/1/look", "POST", form={"layer": "x"})],
    "imports.one": lambda s: [
        *(Call(f"/office/import/{n}?lang=en") for n in (1, 2, 3)), Call("/office/import/1?kind=residents"),
        Call("/office/import/9223372036854775807"),
    ],
    "imports.refused": lambda s: [Call(f"/office/import/{n}/refused.xlsx") for n in (1, 2)],
    "imports.state": lambda s: [Call(f"/office/import/{n}/state.json") for n in (1, 2)],
    "imports.take": lambda s: [
        Call("/office/import", "POST"),
        Call("/office/import", "POST", form={"file": ("code,address\nX1,虚构路1号\n".encode(), "a.csv")}),
        Call("/office/import", "POST", form={"file": (b"", "a.csv"), "after": "1"}),
    ],
    "imports.undo": lambda s: [Call(f"/office/import/{n}/undo", "POST") for n in (1, 999)],
    "issuing.answer": lambda s: [Call("/office/drafts/1/answer", "POST", form={"comment": "1", "answer": "x", "township": s.township})],
    "issuing.draft": lambda s: [Call(f"/office/drafts/1?township={s.township}"), Call("/office/drafts/999?lang=en")],
    "issuing.draft_file": lambda s: [Call(f"/office/drafts/1/file?township={s.township}")],
    "issuing.index": lambda s: [Call(f"/office/documents?township={s.township}")],
    "issuing.issue": lambda s: [Call("/office/documents", "POST", form={"code": "M", "title": "m", "file": (b"1", "a.txt"), "township": s.township})],
    "issuing.issue_draft": lambda s: [Call("/office/drafts/1/issue", "POST", form={"township": s.township})],
    "issuing.one": lambda s: [Call(f"/office/documents/D1?township={s.township}")],
    "issuing.send_draft": lambda s: [Call("/office/drafts", "POST", form={"code": "M", "title": "m", "file": (b"1", "a.txt"), "township": s.township})],
    "jobs.again": lambda s: [Call("/office/jobs/again", "POST", form={"road": road, "key": "1", "township": s.township}) for road in ("plan", "file", "x")],
    "jobs.index": lambda s: [Call(f"/office/jobs?township={s.township}"), Call(f"/office/jobs?state=busy&township={s.township}&lang=en")],
    "jobs.stop": lambda s: [Call("/office/jobs/stop", "POST", form={"road": road, "key": "1", "township": s.township}) for road in ("plan", "file", "x")],
    "township.change": lambda s: [Call("/office/township", "POST", form={"public_minimum": "x", "township": s.township})],
    "township.show": lambda s: [Call(f"/office/township?township={s.township}")],
    "channels.drop": lambda s: [Call("/office/channels/drop", "POST", form={"channel": "email", "township": s.township})],
    "channels.keep": lambda s: [Call("/office/channels/keep", "POST", form={"channel": "email", "host": "x", "township": s.township})],
    "channels.retry": lambda s: [Call("/office/channels/retry", "POST", form={"township": s.township})],
    "channels.show": lambda s: [Call(f"/office/channels?township={s.township}")],
    "channels.try_out": lambda s: [Call("/office/channels/try", "POST", form={"channel": "email", "township": s.township})],
    "weights.keep": lambda s: [Call("/office/township/weights", "POST", form={"version": "", "township": s.township})],
    "weights.show": lambda s: [Call(f"/office/township/weights?township={s.township}")],
    "weights.try_out": lambda s: [Call("/office/township/weights/try", "POST", form={"township": s.township})],
    "teams.add_staff": lambda s: [Call("/office/teams/staff", "POST", form={"code": "", "township": s.township})],
    "teams.index": lambda s: [Call(f"/office/teams?township={s.township}"), Call(f"/office/teams?lacks=leader&township={s.township}&lang=en")],
    "teams.join": lambda s: [Call("/office/teams/join", "POST", form={"grid": s.grid_code, "member": "x", "kind": "worker", "township": s.township})],
    "teams.lead": lambda s: [Call("/office/teams/lead", "POST", form={"grid": s.grid_code, "leader": "x", "township": s.township})],
    "teams.leave": lambda s: [Call("/office/teams/leave", "POST", form={"grid": s.grid_code, "part": "99999999", "township": s.township})],
    "teams.one": lambda s: [Call(f"/office/teams/{s.grid_code}?township={s.township}")],
    "collections.add": lambda s: [Call("/office/collections", "POST", form={"title": "x", "due_on": "x", "township": s.township})],
    "collections.ask": lambda s: [Call(f"/office/collections/{n}/questions", "POST", form={"kind": "x"}) for n in (1, 999)],
    "collections.discard": lambda s: [Call(f"/office/collections/{n}/discard", "POST") for n in (1, 999)],
    "collections.drop": lambda s: [Call(f"/office/collections/{n}/questions/1/drop", "POST") for n in (1, 999)],
    "collections.end": lambda s: [Call(f"/office/collections/{n}/end", "POST", form={"seen": "9"}) for n in (1, 999)],
    "collections.given": lambda s: [Call(f"/office/collections/{n}/answers") for n in (1, 2, 3, 4, 999)],
    "collections.index": lambda s: [Call(f"/office/collections?township={s.township}&lang=en"), Call("/office/collections")],
    "collections.one": lambda s: [Call(f"/office/collections/{n}") for n in (1, 2, 3, 4, 999)],
    "collections.open_given": lambda s: [Call(f"/office/collections/{n}/answers", "POST", form={"purpose": p}) for n in (1, 2, 3, 4, 999) for p in ("", "care")],
    "collections.publish": lambda s: [Call(f"/office/collections/{n}/publish", "POST", form={"seen": "9"}) for n in (1, 999)],
    "means.add": lambda s: [Call("/office/means", "POST", form={"kind": "funds", "amount": "x", "township": s.township})],
    "means.change": lambda s: [Call(f"/office/means/{n}", "POST", form={"kind": "funds", "seen": "9", "township": s.township}) for n in (1, 999)],
    "means.end": lambda s: [Call(f"/office/means/{n}/end", "POST", form={"township": s.township}) for n in (1, 999)],
    "means.index": lambda s: [Call(f"/office/means?township={s.township}"), Call(f"/office/means?ended=1&on=2023-05-01&township={s.township}&lang=en")],
    "means.one": lambda s: [Call(f"/office/means/{n}?township={s.township}") for n in (1, 999)],
    "trainings.add": lambda s: [Call("/office/training", "POST", form={"code": "", "held_on": "x", "township": s.township})],
    "trainings.attend": lambda s: [Call("/office/training/of/T9", "POST", form={"staff": "x", "township": s.township})],
    "trainings.index": lambda s: [Call(f"/office/training?township={s.township}&lang=en")],
    "trainings.note": lambda s: [Call("/office/training/profiles/x", "POST", form={"age_band": "x", "township": s.township})],
    "trainings.one": lambda s: [Call(f"/office/training/of/T1?township={s.township}"), Call("/office/training/of/x")],
    "trainings.profile": lambda s: [Call("/office/training/profiles/x"), Call(f"/office/training/profiles/S1?township={s.township}")],
    "trainings.profiles": lambda s: [Call(f"/office/training/profiles?township={s.township}")],
    "retention.index": lambda s: [Call(f"/office/retention?township={s.township}"), Call(f"/office/retention?township={s.township}&lang=en")],
    "retention.one": lambda s: [Call(f"/office/retention/{n}?township={s.township}") for n in (1, 999)],
    "retention.run": lambda s: [Call("/office/retention/run", "POST", form={"trial": "999", "township": s.township})],
    "retention.try_out": lambda s: [Call("/office/retention/try", "POST", form={"township": s.township})],
    "subjects.answered": lambda s: [Call("/office/subjects/999/answered", "POST", form={"township": s.township})],
    "subjects.ask": lambda s: [
        Call("/office/subjects", "POST", form={"address": address, "name": name, "township": s.township})
        for address, name in ((s.address, "测没有"), ("x", ""), (s.address, ""))
    ],
    "subjects.decide": lambda s: [
        Call(f"/office/subjects/{n}", "POST", form={"decision": word, "reason": "x", "township": s.township})
        for n, word in ((999, "agree"), (1, "x"))
    ],
    "subjects.index": lambda s: [Call(f"/office/subjects?township={s.township}"), Call(f"/office/subjects?state=ended&township={s.township}&lang=en")],
    "subjects.take": lambda s: [Call(f"/office/subjects/{n}/file", "POST", form={"township": s.township}, opens="answer_subjects") for n in (1, 2, 3, 4, 999)],
}  # fmt: skip
"""By endpoint."""
