"""The mail server in `check`, and the demo's members of staff."""

from __future__ import annotations

import json
from pathlib import Path

import pyotp
from terminal import Run

from bot.cli.demo import environment
from bot.cli.demo_desk import FILE, members, open_accounts
from bot.content.library import load_content
from bot.settings import REPOSITORY, Settings
from simulator.mail import MailFault, MailServer
from storage import passwords, second_factor, staff
from storage.work import Database


def _about_mail(run: Run, **env: str) -> list[tuple[bool | None, str]]:
    found = run("check", "--json", **env).json
    return [(each["ok"], each["words"]) for each in found if each["what"] == "メール"]


def test_check_says_that_without_a_mail_server_only_inbox_and_line_are_left(run: Run) -> None:
    [(ok, words)] = _about_mail(run)
    assert ok is None
    assert "SMTP_URL" in words


def test_check_asks_the_mail_server_and_sends_nothing(run: Run) -> None:
    with MailServer() as server:
        [(ok, words)] = _about_mail(run, SMTP_URL=server.url, MAIL_FROM="a@b.example")
        assert ok is True
        assert "a@b.example" in words
        server.mailbox.add_fault(MailFault("connect", code=421))
        [(ok, words)] = _about_mail(run, SMTP_URL=server.url)
        assert (ok, "421" in words) == (False, True)
        assert list(server.mailbox.mails) == []


def test_check_shows_no_password_of_the_mail_server(run: Run) -> None:
    with MailServer() as stopped:
        pass
    said = run("check", SMTP_URL=stopped.url.replace("://", "://user:geheim@"))
    assert "geheim" not in said.out + said.err
    assert "ConnectionRefused" in said.out


def test_a_bad_smtp_url_is_one_line_of_the_list(run: Run) -> None:
    said = run("check", SMTP_URL="http://mail.example")
    assert said.code == 1
    assert "SMTP_URL" in said.out


def test_the_demos_staff_can_sign_in_and_a_restart_changes_nothing(opened: Database, tmp_path: Path) -> None:
    content = load_content(REPOSITORY / "content")
    made = members(tmp_path)
    for _ in range(2):
        open_accounts(opened, content, members(tmp_path))
    assert members(tmp_path) == made
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert [each["login"] for each in json.loads((tmp_path / FILE).read_text("utf-8"))] == [
        "madoguchi",
        "iwami",
    ]
    with opened.work() as work:
        first, second = staff.listed(work)
        assert "tottori_chuo_jinken" in first.windows
        assert second.windows
        assert not set(first.windows) & set(second.windows)
        assert first.mail == "madoguchi@tottori.example"
        assert first.works
        assert passwords.fits(made[0].password, staff.secrets_of(work, first.id).password)
        assert second_factor.use_code(work, first.id, pyotp.TOTP(made[0].key).at(work.now))


def test_the_demo_has_a_mail_server_of_its_own(tmp_path: Path) -> None:
    env = environment(tmp_path)
    settings = Settings.from_env(env)
    assert settings.smtp_url is not None
    ports = {url.rpartition(":")[2] for url in (settings.smtp_url, settings.public_url, env["LINE_API_BASE"])}
    assert len(ports) == 3
