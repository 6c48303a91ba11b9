"""Settings that cannot work are refused at the start, each by its name, and no secret is ever shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.app import content_for
from bot.content.errors import ContentError
from bot.content.library import load_content
from bot.settings import BadSettings, Settings

GOOD = {"LINE_CHANNEL_SECRET": "a-secret", "LINE_CHANNEL_ACCESS_TOKEN": "a-token", "TSUNAGARI_KEYS": "k:x"}


def refusal(**changed: str) -> str:
    with pytest.raises(BadSettings) as refused:
        Settings.from_env({**GOOD, **changed})
    return str(refused.value)


@pytest.mark.parametrize("value", [" ", "\t\n", "geheim geheim", "geheim\x00", "ひみつgeheim"])
@pytest.mark.parametrize("name", ["LINE_CHANNEL_SECRET", "LINE_CHANNEL_ACCESS_TOKEN"])
def test_a_blank_or_damaged_secret_is_refused_and_not_shown(name: str, value: str) -> None:
    said = refusal(**{name: value})
    assert name in said
    assert "geheim" not in said


def test_a_line_end_behind_a_secret_does_not_count() -> None:
    channel = Settings.from_env({**GOOD, "LINE_CHANNEL_SECRET": "a-secret\n"}).channels["default"]
    assert channel.secret == "a-secret"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "abc"),
        ("PORT", "70000"),
        ("PROXIES", "-1"),
        ("PROXIES", "6"),
        ("PROXIES", "all"),
        ("BROADCAST_APPROVAL_ABOVE", "-1"),
        ("BROADCAST_APPROVAL_ABOVE", "many"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("PUBLIC_URL", "ftp://here"),
        ("LINE_API_BASE", "api.line.me"),
        ("CONTENT_DIR", "/nowhere/at/all"),
    ],
)
def test_a_setting_that_cannot_work_is_named(name: str, value: str) -> None:
    assert name in refusal(**{name: value})


def test_a_channel_that_the_content_does_not_know_is_refused() -> None:
    mars = {"LINE_MARS_CHANNEL_SECRET": "x", "LINE_MARS_CHANNEL_ACCESS_TOKEN": "y"}
    with pytest.raises(BadSettings, match="mars"):
        content_for(Settings.from_env({**GOOD, **mars}))
    assert content_for(Settings.from_env(GOOD)).towns


def test_a_folder_without_our_content_names_the_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"hotlines\.yaml.*missing"):
        load_content(tmp_path)
    with pytest.raises(ContentError):
        content_for(replace(Settings.from_env(GOOD), content_dir=tmp_path))


def test_a_channel_called_like_a_town_serves_that_town() -> None:
    iwami = {"LINE_IWAMI_CHANNEL_SECRET": "s2", "LINE_IWAMI_CHANNEL_ACCESS_TOKEN": "t2"}
    plan = content_for(Settings.from_env({**GOOD, **iwami})).channels["iwami"]
    assert (plan.towns, plan.central) == (("iwami",), "iwami")


LOGIN = {"LINE_LOGIN_CHANNEL_ID": "2001234567", "LINE_LOGIN_CHANNEL_SECRET": "a-login-secret"}


def test_a_login_channel_belongs_to_its_account_and_is_no_account_itself() -> None:
    assert Settings.from_env(GOOD).channels["default"].login is None
    iwami = {"LINE_IWAMI_CHANNEL_SECRET": "s2", "LINE_IWAMI_CHANNEL_ACCESS_TOKEN": "t2"}
    own = {"LINE_IWAMI_LOGIN_CHANNEL_ID": "2009", "LINE_IWAMI_LOGIN_CHANNEL_SECRET": "s3"}
    channels = Settings.from_env({**GOOD, **LOGIN, **iwami, **own}).channels
    assert set(channels) == {"default", "iwami"}
    assert {name: each.login and each.login.id for name, each in channels.items()} == {
        "default": "2001234567",
        "iwami": "2009",
    }
    assert "a-login-secret" not in repr(channels)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LINE_LOGIN_CHANNEL_ID", ""),
        ("LINE_LOGIN_CHANNEL_ID", "geheim"),
        ("LINE_LOGIN_CHANNEL_ID", "２００１"),
        ("LINE_LOGIN_CHANNEL_SECRET", ""),
        ("LINE_LOGIN_CHANNEL_SECRET", "geheim geheim"),
        ("LINE_IWAMI_LOGIN_CHANNEL_ID", "2009"),
        ("LINE_IWAMI_LOGIN_CHANNEL_SECRET", "geheim"),
    ],
)
def test_half_a_login_channel_or_one_without_its_account_is_refused(name: str, value: str) -> None:
    said = refusal(**{**LOGIN, name: value})
    assert name in said
    assert "geheim" not in said
