"""The names that stand above the streets of a register, each once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

FILL = """
INSERT INTO address_name (township_id, name)
SELECT DISTINCT s.township_id, n.name
FROM address_key k JOIN address_street s ON s.id = k.street_id
CROSS JOIN LATERAL regexp_split_to_table(k.upper, ' ') AS n (name) WHERE n.name <> ''
"""


def upgrade() -> None:
    op.create_table(
        "address_name",
        sa.Column("township_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["township_id"], ["township.area_id"], name="fk_address_name_township_id"
        ),
        sa.PrimaryKeyConstraint("township_id", "name", name="pk_address_name"),
    )
    op.execute("GRANT SELECT ON address_name TO gisgrid_web, gisgrid_views, gisgrid_planner")
    op.execute(FILL)


def downgrade() -> None:
    op.drop_table("address_name")
