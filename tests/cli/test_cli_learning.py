"""Drafts of documents, sessions and profiles at the terminal: by the verbs of the pages, dry unless told otherwise."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, text

from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.planning.snapshot.fetch import today
from tests.support.factories import create_member, create_township
from tests.support.terminal import gisgrid


def test_a_draft_is_sent_commented_answered_and_issued(engine: Engine, tmp_path: Path):
    file = tmp_path / "稿.txt"
    file.write_text("征求意见", encoding="utf-8")
    with transaction(engine) as session:
        create_township(session)
        until = str(today(township(session)) + timedelta(9))
    args = ("document", "send-draft", "D1", str(file), "--title", "走访办法", "--until", until)
    assert "dry run" in said(engine, *args)
    assert "走访办法" not in said(engine, "document", "drafts")
    said(engine, *args, "--commit")
    listed = said(engine, "document", "drafts")
    assert "走访办法" in listed and until in listed and "open" in listed
    with transaction(engine) as session:
        draft, comment = session.execute(
            text(
                "INSERT INTO draft_comment (draft_id, community_id, text, who) SELECT d.id, a.id, '建议分两次', '测' "
                "FROM document_draft d, area a WHERE a.level = 'community' RETURNING draft_id, id"
            )
        ).one()
    assert "Answer them first" in said(
        engine, "document", "issue-draft", str(draft), "--commit", ok=False
    )
    assert "no answer" in said(engine, "document", "comments", str(draft))
    said(engine, "document", "answer", str(draft), str(comment), "--text", "采纳", "--commit")
    shown = said(engine, "document", "comments", str(draft))
    assert "建议分两次" in shown and "采纳" in shown and "no answer" not in shown
    assert "version 1" in said(engine, "document", "issue-draft", str(draft), "--commit")
    assert "There is no comment" in said(
        engine, "document", "answer", str(draft), "99", "--text", "x", ok=False
    )


def test_a_session_is_planned_and_attended_and_profiles_are_kept(engine: Engine):
    with transaction(engine) as session:
        town = create_township(session)
        create_member(session, town, "a", code="W1", name="测试员")
        day = today(township(session))
    said(
        engine,
        "training",
        "plan",
        "T1",
        "--course",
        "走访",
        "--held",
        str(day),
        "--hours",
        "2",
        "--commit",
    )
    later = (
        "training",
        "plan",
        "T2",
        "--course",
        "急救",
        "--held",
        str(day + timedelta(3)),
        "--hours",
        "3",
    )
    said(engine, *later, "--commit")
    assert "already" in said(engine, *later, "--commit", ok=False)
    assert "1 more took part" in said(
        engine, "training", "attend", "T1", "--staff", "W1", "--commit"
    )
    assert "not before" in said(engine, "training", "attend", "T2", "--staff", "W1", ok=False)
    listed = said(engine, "training", "sessions")
    assert "to come" in listed and "走访" in listed
    said(
        engine,
        "training",
        "profile",
        "W1",
        "--age",
        "50_59",
        "--qualification",
        "急救证",
        "--commit",
    )
    kept = said(engine, "training", "profiles")
    assert "50_59" in kept and "急救证" in kept and "yes" in kept
    assert "No person of staff" in said(engine, "training", "profile", "W9", ok=False)


def said(engine: Engine, *args: str, ok: bool = True) -> str:
    answer = gisgrid(engine, *args)
    assert (answer.exit_code == 0) == ok, answer.output
    return answer.output
