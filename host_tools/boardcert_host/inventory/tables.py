"""The tables of the inventory, as the newest migration leaves them.

A *board* is one unit: one key, and one chip number where it is known. What it is called are its
*hosts*. Certificates and verdicts have a row for each change, not for each time they were seen.
Events outlive their board.
"""

import datetime
from typing import Any

import sqlalchemy as sa

UTC = datetime.timezone.utc


class UTCTime(sa.TypeDecorator[datetime.datetime]):
    """A time with its zone; SQLite, which has no zones, keeps UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime.datetime | None, dialect: sa.Dialect) -> Any:
        """Turn a time into UTC."""
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        """Give a time its zone."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _board_id(on_delete: str, **more: Any) -> sa.Column[Any]:
    return sa.Column("board_id", sa.ForeignKey("boards.id", ondelete=on_delete), **more)


boards = sa.Table(
    "boards",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("public_key_pin", sa.Text, nullable=False, unique=True),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("unique_id", sa.Text, unique=True),
    sa.Column("serial_number", sa.Text),
    sa.Column("board", sa.Text),
    sa.Column("firmware", sa.Text),
    sa.Column("package", sa.Text),
    sa.Column("source", sa.Text),
    sa.Column("not_after", UTCTime),
    sa.Column("verdict", sa.Text),
    sa.Column("verified_at", UTCTime),
    sa.Column("first_seen", UTCTime, nullable=False),
    sa.Column("last_seen", UTCTime, nullable=False, index=True),
    sa.Column("provisioned_at", UTCTime),
    sa.Column("provisioned_by", sa.Text),
    sa.Column("notes", sa.Text, nullable=False, default=""),
)

hosts = sa.Table(
    "hosts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("host", sa.Text, nullable=False, unique=True),
    _board_id("CASCADE", nullable=False, index=True),
    sa.Column("port", sa.Integer),
    sa.Column("address", sa.Text, index=True),
    sa.Column("first_seen", UTCTime, nullable=False),
)

certificates = sa.Table(
    "certificates",
    metadata,
    _board_id("CASCADE", primary_key=True),
    sa.Column("fingerprint", sa.Text, primary_key=True),
    sa.Column("public_key_pin", sa.Text, primary_key=True, index=True),
    sa.Column("source", sa.Text),
    sa.Column("issuer", sa.Text),
    sa.Column("serial_number", sa.Text),
    sa.Column("not_before", UTCTime),
    sa.Column("not_after", UTCTime),
    sa.Column("first_seen", UTCTime, nullable=False),
    sa.Column("last_seen", UTCTime, nullable=False),
)

verdicts = sa.Table(
    "verdicts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _board_id("CASCADE", nullable=False, index=True),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("first_at", UTCTime, nullable=False),
    sa.Column("last_at", UTCTime, nullable=False),
    sa.Column("times", sa.Integer, nullable=False),
)

tags = sa.Table(
    "tags",
    metadata,
    _board_id("CASCADE", primary_key=True),
    sa.Column("tag", sa.Text, primary_key=True, index=True),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _board_id("SET NULL", index=True),
    sa.Column("host", sa.Text, nullable=False, index=True),
    sa.Column("at", UTCTime, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
)

# Keys outlive their board: two units may have had one of them, or keys with a common prime.
# unique_id is empty where the chip is not known; public_key is the SubjectPublicKeyInfo in base64,
# null until it is seen over TLS.
keys = sa.Table(
    "keys",
    metadata,
    sa.Column("public_key_pin", sa.Text, primary_key=True),
    sa.Column("unique_id", sa.Text, primary_key=True, default=""),
    sa.Column("public_key", sa.Text),
    sa.Column("first_seen", UTCTime, nullable=False),
)

# A verification that workers share: what it is to do, in slices, and one result for each board.
runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("started_at", UTCTime, nullable=False),
    sa.Column("finished_at", UTCTime),
    sa.Column("boards", sa.Integer, nullable=False),
    sa.Column("slices", sa.Integer, nullable=False),
    sa.Column("options", sa.Text, nullable=False),
)


def _run_id(**more: Any) -> sa.Column[Any]:
    return sa.Column("run_id", sa.ForeignKey("runs.id", ondelete="CASCADE"), **more)


run_slices = sa.Table(
    "run_slices",
    metadata,
    _run_id(primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("finished_at", UTCTime, nullable=False),
)

# board_id is not a foreign key: a board that is forgotten meanwhile was judged all the same.
run_results = sa.Table(
    "run_results",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    _run_id(nullable=False),
    sa.Column("board_id", sa.Integer, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("entry", sa.Text, nullable=False),
    sa.UniqueConstraint("run_id", "board_id"),
)

# Files of known boards that were taken over: each once, also when a process is killed after it.
taken_files = sa.Table(
    "taken_files",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("taken_at", UTCTime, nullable=False),
)
