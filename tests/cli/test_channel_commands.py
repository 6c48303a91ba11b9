"""Accounts at the terminal: added, listed, changed, switched off; their secrets are never on the command line or shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from loopback_line import LoopbackLine, Said, loopback_line
from terminal import Run

from storage import audit, channels, switches
from storage.work import Database

INFO = "/v2/bot/info"
SECRET, TOKEN = "a-fresh-secret", "a-fresh-token"
TWO = f"{SECRET}\n{TOKEN}\n"


@pytest.fixture
def line() -> Iterator[LoopbackLine]:
    with loopback_line() as found:
        found.on(INFO, Said(200, {"displayName": "岩美町", "basicId": "@iwami"}))
        yield found


@pytest.fixture
def env(env: dict[str, str], line: LoopbackLine) -> dict[str, str]:
    return env | {"LINE_API_BASE": line.base, "PUBLIC_URL": "https://tsunagari.example"}


def row(db: Database, name: str = "iwami") -> channels.Added:
    with db.look() as work:
        found = channels.get(work, name)
    assert found is not None
    return found


def test_add_asks_line_with_the_new_token_and_says_the_webhook(
    run: Run, opened: Database, line: LoopbackLine
) -> None:
    said = run("channel", "add", "iwami", input=TWO)
    assert said.code == 0, said.err
    assert "https://tsunagari.example/callback/iwami" in said.out
    assert "@iwami" in said.out
    assert line.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
    account = row(opened).account
    assert account == channels.Account("iwami", SECRET, TOKEN, basic_id="@iwami")
    with opened.look() as work:
        entries = audit.listed(work, limit=5)
    assert [(each.deed, each.kind, each.subject_id) for each in entries] == [("add", "channel", "iwami")]


def test_no_command_shows_a_secret(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    file.write_text(f"{TWO}login-geheim\n")
    outputs = [
        run("channel", "add", "iwami", "--login-id", "2001234567", "--from", str(file)),
        run("channel", "list"),
        run("channel", "list", "--json"),
        run("channel", "show", "iwami"),
        run("channel", "show", "iwami", "--json"),
        run("channel", "disable", "iwami", "--yes"),
    ]
    for said in outputs:
        assert said.code == 0, said.err
        assert not any(word in said.out + said.err for word in (SECRET, TOKEN, "geheim", "the-token"))


def test_a_secret_cannot_be_given_on_the_command_line(run: Run) -> None:
    assert run("channel", "add", "iwami", "--token", TOKEN).code == 2
    assert run("channel", "add", "iwami", TOKEN).code == 2


def test_a_login_channel_is_added_with_its_account(run: Run, opened: Database) -> None:
    assert run("channel", "add", "iwami", "--login-id", "2001", input=f"{TWO}l\n").code == 0
    account = row(opened).account
    assert account is not None
    assert (account.login_id, account.login_secret) == ("2001", "l")


@pytest.mark.parametrize(
    "given", ["", f"{SECRET}\n", f"{TWO}more\n", f"{SECRET}\nwith blank\n", "秘密\n鍵\n"]
)
def test_too_few_too_many_and_damaged_lines_are_refused(run: Run, opened: Database, given: str) -> None:
    said = run("channel", "add", "iwami", "--from", "-", input=given)
    assert said.code == 1
    assert SECRET not in said.err
    with opened.look() as work:
        assert channels.listed(work) == ()


@pytest.mark.parametrize(("status", "word"), [(401, "アクセストークン"), (500, "HTTP 500")])
def test_what_line_does_not_know_is_not_added(
    run: Run, opened: Database, line: LoopbackLine, status: int, word: str
) -> None:
    line.on(INFO, Said(status))
    said = run("channel", "add", "iwami", input=TWO)
    assert said.code == 1
    assert word in said.err
    assert "--offline" in said.err
    with opened.look() as work:
        assert channels.listed(work) == ()


def test_offline_asks_nobody(run: Run, line: LoopbackLine) -> None:
    assert run("channel", "add", "iwami", "--offline", input=TWO).code == 0
    assert line.asked == []


@pytest.mark.parametrize("name", ["mars", "iwamy"])
def test_a_name_that_serves_no_town_is_refused_with_the_nearest_one(run: Run, name: str) -> None:
    said = run("channel", "add", name, input=TWO)
    assert said.code == 1
    assert "channels.yaml" in said.err
    assert ("iwami" in said.err) == (name == "iwamy")


@pytest.mark.parametrize("name", ["Iwami", "../x", "岩美", "x" * 33])
def test_a_name_that_is_no_name_is_wrong_usage(run: Run, name: str) -> None:
    assert run("channel", "add", name, input=TWO).code == 2


def test_a_second_one_of_that_name_is_refused_and_the_way_on_is_named(run: Run) -> None:
    assert run("channel", "add", "iwami", input=TWO).code == 0
    said = run("channel", "add", "iwami", input=TWO)
    assert said.code == 1
    assert "channel token iwami" in said.err


def test_the_environment_goes_first_and_the_command_says_so(run: Run, opened: Database) -> None:
    assert "環境変数" in run("channel", "add", "default", input=TWO).out
    listed = {each["name"]: each for each in run("channel", "list", "--json").json}
    assert listed["default"]["set_in"] == "environment"
    assert listed["default"]["towns"][0] == "tottori"
    assert row(opened, "default").disabled_at is None


def test_a_new_token_takes_the_place_of_the_old_one_and_the_channel_goes_on(
    run: Run, opened: Database
) -> None:
    run("channel", "add", "iwami", input=TWO)
    with opened.work() as work:
        switches.pause_channel(work, "iwami", work.now.replace(year=work.now.year + 1), "LINE refuses it")
    before = opened
    with before.look() as work:
        stamp = channels.stamp(work)
    assert run("channel", "token", "iwami", input="newer\n").code == 0
    account = row(opened).account
    assert account is not None
    assert (account.secret, account.token) == (SECRET, "newer")
    with opened.look() as work:
        assert channels.stamp(work) > stamp
        assert switches.paused_channels(work) == {}
    assert run("channel", "token", "iwami", "--secret", input="s2\nt2\n").code == 0
    account = row(opened).account
    assert account is not None
    assert (account.secret, account.token) == ("s2", "t2")


def test_disabling_is_a_dry_run_first_and_can_be_taken_back(run: Run, opened: Database) -> None:
    run("channel", "add", "iwami", input=TWO)
    assert run("channel", "disable", "iwami").code == 0
    assert row(opened).disabled_at is None
    assert run("channel", "disable", "iwami", "--yes").code == 0
    assert row(opened).disabled_at is not None
    assert run("channel", "show", "iwami", "--json").json["enabled"] is False
    assert run("channel", "disable", "iwami", "--yes").code == 1
    assert run("channel", "enable", "iwami").code == 0
    assert run("channel", "show", "iwami", "--json").json["enabled"] is True


@pytest.mark.parametrize("command", [("token",), ("disable", "--yes"), ("enable",)])
def test_what_the_environment_has_is_changed_there(run: Run, command: tuple[str, ...]) -> None:
    said = run("channel", command[0], "default", *command[1:], input="x\n")
    assert said.code == 1
    assert "環境変数" in said.err


def test_an_unknown_name_is_answered_with_those_that_there_are(run: Run) -> None:
    run("channel", "add", "iwami", input=TWO)
    said = run("channel", "show", "iwam")
    assert said.code == 1
    assert "iwami" in said.err


def test_other_commands_know_the_added_channel(run: Run) -> None:
    assert run("partner", "add", "--name", "店", "--town", "岩美町", "--channel", "iwami").code == 1
    run("channel", "add", "iwami", input=TWO)
    said = run("partner", "add", "--name", "店", "--town", "岩美町", "--channel", "iwami", "--json")
    assert said.code == 0, said.err
    assert said.json["channel"] == "iwami"
    assert "iwami" in said.json["registration_url"]


def test_check_looks_at_added_channels_too(run: Run, opened: Database, line: LoopbackLine) -> None:
    run("channel", "add", "iwami", input=TWO)
    with opened.work() as work:
        channels.add(work, channels.Account("mars", "s", "t"))
        channels.add(work, channels.Account("venus", "s", "t"))
        channels.disable(work, "venus")
    found = run("check", "--json").json
    at_line = [each["words"] for each in found if each["what"] == "LINE"]
    assert [words.split(":")[0] for words in at_line] == ["iwami", "default"]
    assert [each["words"] for each in found if each["what"] == "チャネル"] == [
        "mars: 受けもつ市町がありません。"
    ]


def test_the_menu_is_installed_on_an_added_channel(run: Run, line: LoopbackLine) -> None:
    assert run("richmenu", "install", "--channel", "iwami").code == 1
    run("channel", "add", "iwami", input=TWO)
    line.on("/v2/bot/richmenu/list", Said(200, {"richmenus": []}))
    said = run("richmenu", "install", "--channel", "iwami")
    assert said.code == 0, said.err
    assert "iwami" in said.out
