"""Keys that boards have, and that former units had."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TAKEN = """
    INSERT INTO keys (public_key_pin, unique_id, first_seen)
    SELECT certificates.public_key_pin, COALESCE(boards.unique_id, ''), MIN(certificates.first_seen)
    FROM certificates JOIN boards ON boards.id = certificates.board_id
    GROUP BY certificates.public_key_pin, COALESCE(boards.unique_id, '')
"""


def upgrade() -> None:
    """Make the table, and take over the keys that certificates name."""
    op.create_table(
        "keys",
        sa.Column("public_key_pin", sa.Text, nullable=False),
        sa.Column("unique_id", sa.Text, nullable=False),
        sa.Column("public_key", sa.Text),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("public_key_pin", "unique_id", name="pk_keys"),
    )
    op.execute(_TAKEN)
