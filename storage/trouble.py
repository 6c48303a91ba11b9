"""Tells a database that does not answer from an error of ours, for those who may not know SQLAlchemy."""

from __future__ import annotations

from sqlalchemy import exc


def is_outage(error: BaseException) -> bool:
    """True when the same work may succeed later: the database was away, locked, full or in a deadlock."""
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, exc.OperationalError | exc.InterfaceError | exc.TimeoutError | exc.InternalError)
