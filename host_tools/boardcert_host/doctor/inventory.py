"""Check whether the inventory can be read, and is complete."""

from ..console import counted
from ..errors import Error
from ..inventory.place import inventory_place, is_absent
from .finding import FAIL, OK, Finding


def look_at_inventory() -> Finding:
    """Can the known boards be read, all of them?"""
    try:
        place = inventory_place()
        if is_absent():
            return Finding("inventory", "inventory", OK, f"none yet, it will be {place}")
        from ..inventory.health import count_boards

        boards = count_boards()
    except Error as error:
        return Finding("inventory", "inventory", FAIL, error.message, error.hint)
    return Finding("inventory", "inventory", OK, f"{counted(boards, 'board')}, {place}")
