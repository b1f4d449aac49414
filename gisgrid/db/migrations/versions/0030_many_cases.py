"""The board's shortlist lies in the account, many cases are told of at once, and a matter may be corrected."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0030_many_cases"
down_revision = "0029_natural_order"
branch_labels = None
depends_on = None

_SUBJECTS = (
    "case", "emergency", "plan", "document", "import", "correction", "test", "account", "draft", "rule",
    "collection",
)  # fmt: skip
_OWN = {
    "normal": "5ec6c1a4c6ee3619",
    "emergency": "94f0c0f496ca87b3",
}
"""Kind to the beginning of the digest of the program's own flow, version 1."""
_CORRECT = """
# It is something else: the clocks are made right, and whoever has it, or gets it now, is told.
[[steps]]
name = "correct"
zh = "更正事项"
en = "correct the matter"
means = "recategorise"
from = "open"
to = "same"
who = ["dispatcher", "coordinator"]
needs = ["reason", "matter"]
"""
_SEPARATE = """
# It was not the same after all: the case is one of its own again.
[[steps]]
name = "separate"
zh = "取消并案"
en = "separate again"
means = "separate"
from = ["merged"]
to = "{to}"
who = ["dispatcher", "coordinator"]
needs = ["reason"]
"""
_TO = {"normal": "filed", "emergency": "reported"}
"""The state that waits to be sent, by kind of flow."""
_RETURN = (
    "# Not ours: says why, and who should have it.",
    "# Not ours: says why and, if it is known, who should have it.",
)


def upgrade() -> None:
    _may_be((*_SUBJECTS, "cases"))
    op.execute(_TABLES)
    _lift_flows()


def downgrade() -> None:
    # Flows stay as they are: cases may have taken the new step.
    op.execute("DELETE FROM outbox_message WHERE subject = 'cases'")
    _may_be(_SUBJECTS)
    op.execute("DROP TABLE shortlist")


def lifted(source: str, kind: str, version: str = "2") -> str:
    """The program's own flow of version 1 as a later one: two steps more, and one requirement less."""
    source = source.replace('version = "1"', f'version = "{version}"', 1).replace(*_RETURN)
    head, found, tail = source.partition('name = "return"\n')
    if found:
        tail = tail.replace('needs = ["reason", "owner"]', 'needs = ["reason"]', 1)
    return head + found + tail + _CORRECT + _SEPARATE.replace("{to}", _TO[kind])


def _lift_flows() -> None:
    """Running cases get the new step, too: no log that stands is against it."""
    connection = op.get_bind()
    flows = connection.execute(
        sa.text(
            "SELECT id, township_id, kind, source FROM flow WHERE version = '1' AND kind IN ('normal', 'emergency')"
        )
    ).all()
    for flow_id, township_id, kind, source in flows:
        if not hashlib.sha256(source.encode()).hexdigest().startswith(_OWN[kind]):
            continue
        # An office may have called a flow of its own "2": that one stays as it is called.
        taken = connection.scalars(
            sa.text("SELECT version FROM flow WHERE township_id = :t AND kind = :kind"),
            {"t": township_id, "kind": kind},
        ).all()
        names = ("2", *(f"1.{n}" for n in range(1, len(taken) + 2)))
        version = next(name for name in names if name not in taken)
        values = {
            "id": flow_id, "source": lifted(source, kind, version), "version": version, "to": _TO[kind],
        }  # fmt: skip
        connection.execute(
            sa.text("UPDATE flow SET version = :version, source = :source WHERE id = :id"), values
        )
        connection.execute(
            sa.text(
                "UPDATE flow_step SET needs = '{reason}' WHERE flow_id = :id AND step = 'return'"
            ),
            values,
        )
        connection.execute(sa.text(_STEPS), values)


def _may_be(subjects: tuple[str, ...]) -> None:
    known = ", ".join(f"'{each}'" for each in subjects)
    op.execute("ALTER TABLE outbox_message DROP CONSTRAINT ck_outbox_message_subject")
    op.execute(
        f"ALTER TABLE outbox_message ADD CONSTRAINT ck_outbox_message_subject CHECK (subject IN ({known}))"
    )


_STEPS = """
INSERT INTO flow_step (flow_id, step, from_state, to_state, means, who, needs, not_handler)
SELECT flow_id, 'correct', state, 'same', 'recategorise', '{dispatcher,coordinator}'::text[], '{reason,matter}'::text[], false
FROM flow_state WHERE flow_id = :id AND open
UNION ALL
VALUES (CAST(:id AS bigint), 'separate', 'merged', CAST(:to AS text), 'separate', '{dispatcher,coordinator}'::text[], '{reason}'::text[], false)
"""
_TABLES = """
CREATE TABLE shortlist (
    account_id bigint NOT NULL,
    case_id bigint NOT NULL,
    added_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_shortlist PRIMARY KEY (account_id, case_id),
    CONSTRAINT fk_shortlist_account_id_account FOREIGN KEY (account_id) REFERENCES account(id) ON DELETE CASCADE,
    CONSTRAINT fk_shortlist_case_id_event_case FOREIGN KEY (case_id) REFERENCES event_case(id) ON DELETE CASCADE
);
"""
