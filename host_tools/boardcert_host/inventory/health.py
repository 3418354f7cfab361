"""Whether the inventory is whole."""

import sqlalchemy as sa

from ..errors import Error
from . import store
from .place import inventory_place
from .tables import boards


def count_boards() -> int:
    """Read all of the inventory, and return how many boards it has. Raises Error for damage."""
    with store.reading() as connection:
        if connection.dialect.name == "sqlite":
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
            if found != "ok":
                hint = "`boardcert export` what can be read, then move it away"
                raise Error(f"the inventory {inventory_place()} is damaged: {found}", hint)
        return connection.execute(sa.select(sa.func.count()).select_from(boards)).scalar_one()
