"""Databases for the benchmarks: one of its own on PostgreSQL, gone when it ends; and any one, with its tables."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, make_url, text

from storage.crypto import cipher_from, new_key
from storage.database import new_engine, open_database
from storage.migrate import migrate
from storage.work import Database


@contextmanager
def fresh_database(server: str) -> Iterator[str | None]:
    """A database of its own on this server; None where no server answers."""
    name = f"tsunagari_benchmark_{secrets.token_hex(4)}"
    url = make_url(server).set(drivername="postgresql+psycopg", database="postgres")
    engine = create_engine(url, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    try:
        with engine.connect() as conn:
            conn.execute(text(f"CREATE DATABASE {name}"))
    except Exception as trouble:
        print(f"no PostgreSQL ({type(trouble).__name__}); SQLite alone")
        yield None
        return
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as conn:
            conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


@contextmanager
def opened(url: str, keys: str = "") -> Iterator[Database]:
    """The database there, with all its tables; `keys` as in TSUNAGARI_KEYS, else new ones."""
    engine = new_engine(url)
    migrate(engine)
    engine.dispose()
    db = open_database(url, cipher_from(keys or new_key("b")))
    yield db
    db.close()
