"""How PostgreSQL is reached: who dies without a word is noticed, and of several servers the one that takes writes is used."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from storage import database
from storage.database import new_engine
from storage.trouble import is_outage


def shown(url: str, *names: str) -> list[str]:
    engine = new_engine(url)
    try:
        with engine.connect() as conn:
            return [str(conn.exec_driver_sql(f"SHOW {name}").scalar()) for name in names]
    finally:
        engine.dispose()


def at(url: str, hosts: str, more: str = "") -> str:
    server = make_url(url)
    return f"postgresql://{server.username}@{hosts}/{server.database}{more}".replace("PORT", str(server.port))


def test_both_sides_notice_a_machine_that_is_gone(postgresql_url: str) -> None:
    names = ("tcp_user_timeout", "tcp_keepalives_idle", "idle_in_transaction_session_timeout")
    assert shown(postgresql_url, *names) == ["10000", "4", "30s"]


def test_what_the_address_says_itself_goes_first(postgresql_url: str) -> None:
    more = "?options=-c%20idle_in_transaction_session_timeout%3D7s%20-c%20lock_timeout%3D3s"
    names = ("idle_in_transaction_session_timeout", "lock_timeout", "tcp_keepalives_idle")
    assert shown(at(postgresql_url, "127.0.0.1:PORT", more), *names) == ["7s", "3s", "4"]


def test_a_transaction_that_is_forgotten_ends_and_counts_as_an_outage(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "OF_POSTGRESQL", "-c idle_in_transaction_session_timeout=100ms")
    engine = new_engine(postgresql_url)
    with engine.connect() as conn:
        conn.exec_driver_sql("SELECT 1")
        with engine.connect() as other:
            other.exec_driver_sql("SELECT pg_sleep(0.5)")
        with pytest.raises(DBAPIError) as ended:
            conn.exec_driver_sql("SELECT 1")
    assert is_outage(ended.value)
    engine.dispose()


@pytest.mark.parametrize("hosts", ["127.0.0.1:1,127.0.0.1:PORT", "127.0.0.1:PORT,127.0.0.1:1"])
def test_of_several_servers_one_that_answers_is_used(postgresql_url: str, hosts: str) -> None:
    assert shown(at(postgresql_url, hosts), "transaction_read_only") == ["off"]


def test_a_server_that_takes_no_writes_is_left_alone(postgresql_url: str) -> None:
    read_only = "?options=-c%20default_transaction_read_only%3Don"
    with pytest.raises(OperationalError, match="session is read-only"):
        shown(at(postgresql_url, "127.0.0.1:PORT,127.0.0.1:1", read_only), "transaction_read_only")
