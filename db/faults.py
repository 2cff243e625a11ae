"""What a database error means, by its sqlstate: the exception's class says too little.

54000 (a value too large for an index or a text search) comes as an OperationalError, and retrying those for ever is a
loop; an answer lost after COMMIT comes as one without any sqlstate.
"""

from __future__ import annotations

from enum import StrEnum

import psycopg
from sqlalchemy.exc import DBAPIError, InterfaceError

from kliping.errors import DatabaseError


class Fault(StrEnum):
    """What to do about it."""

    RETRY = "retry"  # the same write may succeed in a moment
    PAUSE = "pause"  # no write succeeds until an operator acts: disk full, out of memory
    POISON = "poison"  # this write never succeeds


_PAUSE = ("53100", "53200")
_RETRY = ("08", "57P01", "57P02", "57P03", "57014", "40001", "40P01", "53300", "55P03", "25P03")


def classify(error: BaseException) -> Fault | None:
    """The kind of fault, also of a DatabaseError made of one; None for what is not the database's doing."""
    if isinstance(error, DatabaseError) and error.__cause__ is not None:
        error = error.__cause__
    origin: BaseException | None = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(origin, UnicodeError):
        return Fault.POISON
    if isinstance(error, InterfaceError) or isinstance(origin, (ConnectionError, TimeoutError)):
        return Fault.RETRY
    if not isinstance(origin, psycopg.Error):
        return None
    state = origin.sqlstate
    if state is None:
        return Fault.POISON if isinstance(origin, psycopg.DataError) else Fault.RETRY
    if state.startswith(_PAUSE):
        return Fault.PAUSE
    return Fault.RETRY if state.startswith(_RETRY) else Fault.POISON


def one_line(error: BaseException) -> str:
    """What the server said, without the values that the statement carried."""
    origin: BaseException | None = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(origin, psycopg.Error) and origin.diag.message_primary:
        return f"{origin.sqlstate}: {origin.diag.message_primary}"
    return f"{type(origin).__name__}: {str(origin).splitlines()[0] if str(origin) else ''}"
