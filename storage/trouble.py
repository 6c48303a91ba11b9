"""Tells a database that does not answer from an error of ours, for those who may not know SQLAlchemy."""

from __future__ import annotations

from sqlalchemy import exc

_LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's name for it


def is_outage(error: BaseException) -> bool:
    """True when the same work may succeed later: the database was away, locked, full or in a deadlock."""
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, exc.OperationalError | exc.InterfaceError | exc.TimeoutError | exc.InternalError)


def is_held(error: BaseException) -> bool:
    """True when a unit of work waited longer than it wanted (`Work.wait_at_most`) for what another one holds."""
    return isinstance(error, exc.DBAPIError) and getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE
