"""Accounts of staff at the terminal: made, moved, reset, closed; each deed in the audit list."""

from __future__ import annotations

from typing import Any

import pytest
from terminal import Run

from storage import audit, links, sessions, staff, welcome
from storage.work import Database

DESK = "tottori_chuo_jinken"
ADD = ("staff", "add", "--login", "yamada", "--name", "山田花子", "--window", DESK)


def only_account(opened: Database) -> staff.Staff:
    with opened.look() as work:
        (found,) = staff.listed(work)
    return found


def deeds(opened: Database) -> list[str]:
    with opened.look() as work:
        return [entry.deed for entry in audit.listed(work, kind="staff")]


def test_adding_prints_one_link_that_opens_the_account(run: Run, opened: Database) -> None:
    said = run(*ADD, "--role", "係長", "--mail", "y@city.example.jp", PUBLIC_URL="https://bot.example")
    assert said.code == 0
    assert said.last_line.startswith("https://bot.example/desk/welcome#")
    account = only_account(opened)
    assert (account.login, account.role, account.windows) == ("yamada", "leader", (DESK,))
    assert not account.works
    with opened.look() as work:
        assert welcome.look(work, said.last_line.partition("#")[2]) == account
        token = said.last_line.rpartition(".")[2]
        assert token not in str(work.conn.execute(links.links.select()).all())
    assert deeds(opened) == ["added"]


def test_windows_are_named_by_key_or_name_and_checked(run: Run, opened: Database) -> None:
    said = run(*ADD, "--window", "鳥取市パーソナルサポートセンター", "--json")
    assert said.json["windows"] == [DESK, "tottori_personal_support"]
    wrong = run("staff", "add", "--login", "suzuki", "--name", "鈴木", "--window", "tottori_chuo_jinkenn")
    assert wrong.code == 1
    assert f"「{DESK}」ですか" in wrong.err


@pytest.mark.parametrize(
    "more",
    [
        ("--login", "y"),
        ("--login", "山田"),
        ("--login", "y" * 33),
        ("--login", "a b"),
        ("--name", " "),
        ("--mail", "no mail"),
        ("--role", "boss"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_made(
    run: Run, opened: Database, more: tuple[str, str]
) -> None:
    assert run(*ADD, *more).code == 1
    with opened.look() as work:
        assert staff.listed(work) == ()


def test_a_login_in_use_is_refused(run: Run) -> None:
    assert run(*ADD).code == 0
    again = run("staff", "add", "--login", "YAMADA", "--name", "別の人", "--window", DESK)
    assert again.code == 1
    assert "もう使われています" in again.err


def test_the_list_tells_who_can_sign_in_and_no_secret(run: Run, opened: Database) -> None:
    run(*ADD)
    assert "設定待ち" in run("staff", "list").out
    account = only_account(opened)
    with opened.work() as work:
        staff.make_ready(work, account.id, password="$argon2id$hash", totp="SECRET", recovery=("x",))
    (listed,) = run("staff", "list", "--json").json
    assert listed["ready"]
    assert listed["login"] == "yamada"
    assert "SECRET" not in str(listed)
    assert "argon2" not in str(listed)


def test_disabling_is_looked_at_first_and_then_ends_sessions(run: Run, opened: Database) -> None:
    run(*ADD)
    account = only_account(opened)
    with opened.work() as work:
        staff.make_ready(work, account.id, password="h", totp="S", recovery=())
        token = sessions.begin(work, account.id, "a b")
    dry = run("staff", "disable", "yamada")
    assert "下見" in dry.out
    assert "ほかに使える職員がいません" in dry.out
    assert only_account(opened).active
    assert run("staff", "disable", "yamada", "--yes").code == 0
    with opened.look() as work:
        assert sessions.find(work, token) is None
    assert run("staff", "reset", "yamada", "--yes").code == 1
    assert run("staff", "enable", "yamada").code == 0
    assert only_account(opened).works
    assert deeds(opened) == ["enabled", "disabled", "added"]


def test_a_reset_gives_a_new_link_and_ends_what_was(run: Run, opened: Database) -> None:
    old = run(*ADD).last_line.partition("#")[2]
    account = only_account(opened)
    with opened.work() as work:
        staff.make_ready(work, account.id, password="h", totp="S", recovery=())
    assert "下見" in run("staff", "reset", "yamada").out
    assert only_account(opened).works
    fresh = run("staff", "reset", "yamada", "--yes", "--json").json["welcome_url"].partition("#")[2]
    assert not only_account(opened).works
    with opened.look() as work:
        assert welcome.look(work, old) is None
        assert welcome.look(work, fresh) is not None


def test_windows_names_roles_and_mails_change(run: Run, opened: Database) -> None:
    run(*ADD)
    assert run("staff", "windows", "yamada", "--window", "tottori_personal_support").code == 0
    changed: dict[str, Any] = {"--name": "山田はな", "--role": "課長", "--mail": "h@city.example.jp"}
    assert run("staff", "change", "yamada", *(word for pair in changed.items() for word in pair)).code == 0
    account = only_account(opened)
    assert account.windows == ("tottori_personal_support",)
    assert (account.name, account.role, account.mail) == ("山田はな", "department", "h@city.example.jp")
    assert run("staff", "change", "yamada", "--mail", "").code == 0
    assert only_account(opened).mail is None
    assert run("staff", "change", "yamada").code == 2
    assert deeds(opened) == ["changed", "changed", "moved", "added"]


def test_an_unknown_login_is_answered_with_the_nearest(run: Run) -> None:
    run(*ADD)
    for words in (("reset", "yamadda"), ("disable", "yamadda"), ("enable", "yamadda")):
        said = run("staff", *words)
        assert said.code == 1
        assert "「yamada」ですか" in said.err
