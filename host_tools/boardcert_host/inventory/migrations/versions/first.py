"""The tables of the first inventory."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    _make_boards()
    _make_hosts()
    _make_certificates()
    _make_verdicts()
    _make_others()
    for table, column in _INDEXES:
        op.create_index(f"ix_{table}_{column}", table, [column])


_TIME = sa.DateTime(timezone=True)
_INDEXES = (
    ("boards", "last_seen"),
    ("hosts", "board_id"),
    ("hosts", "address"),
    ("certificates", "public_key_pin"),
    ("verdicts", "board_id"),
    ("tags", "tag"),
    ("events", "board_id"),
    ("events", "host"),
)


def _of_board(table: str, on_delete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_board_id"
    return sa.ForeignKeyConstraint(["board_id"], ["boards.id"], name=name, ondelete=on_delete)


def _make_boards() -> None:
    texts = ("serial_number", "board", "firmware", "package", "source", "verdict")
    op.create_table(
        "boards",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("public_key_pin", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("unique_id", sa.Text),
        *(sa.Column(name, sa.Text) for name in texts),
        sa.Column("not_after", _TIME),
        sa.Column("verified_at", _TIME),
        sa.Column("first_seen", _TIME, nullable=False),
        sa.Column("last_seen", _TIME, nullable=False),
        sa.Column("provisioned_at", _TIME),
        sa.Column("provisioned_by", sa.Text),
        sa.Column("notes", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_boards"),
        sa.UniqueConstraint("public_key_pin", name="uq_boards_public_key_pin"),
        sa.UniqueConstraint("unique_id", name="uq_boards_unique_id"),
    )


def _make_hosts() -> None:
    op.create_table(
        "hosts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("board_id", sa.Integer, nullable=False),
        sa.Column("port", sa.Integer),
        sa.Column("address", sa.Text),
        sa.Column("first_seen", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hosts"),
        sa.UniqueConstraint("host", name="uq_hosts_host"),
        _of_board("hosts"),
    )


def _make_certificates() -> None:
    op.create_table(
        "certificates",
        sa.Column("board_id", sa.Integer, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("public_key_pin", sa.Text, nullable=False),
        sa.Column("source", sa.Text),
        sa.Column("issuer", sa.Text),
        sa.Column("serial_number", sa.Text),
        sa.Column("not_before", _TIME),
        sa.Column("not_after", _TIME),
        sa.Column("first_seen", _TIME, nullable=False),
        sa.Column("last_seen", _TIME, nullable=False),
        sa.PrimaryKeyConstraint(
            "board_id", "fingerprint", "public_key_pin", name="pk_certificates"
        ),
        _of_board("certificates"),
    )


def _make_verdicts() -> None:
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("board_id", sa.Integer, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("first_at", _TIME, nullable=False),
        sa.Column("last_at", _TIME, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_verdicts"),
        _of_board("verdicts"),
    )


def _make_others() -> None:
    op.create_table(
        "tags",
        sa.Column("board_id", sa.Integer, nullable=False),
        sa.Column("tag", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("board_id", "tag", name="pk_tags"),
        _of_board("tags"),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("board_id", sa.Integer),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        _of_board("events", "SET NULL"),
    )
    op.create_table(
        "taken_files",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("taken_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_taken_files"),
    )
