"""Texts of lists stand as people sort them: Chinese by pinyin, a number in them by its size."""

from __future__ import annotations

from alembic import op

revision = "0029_natural_order"
down_revision = "0028_grid_of_house"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE COLLATION zh_natural (provider = icu, locale = 'zh-u-kn-true')")


def downgrade() -> None:
    op.execute("DROP COLLATION zh_natural")
