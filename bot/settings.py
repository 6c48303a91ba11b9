"""Settings, read from the environment once. This is the only place that reads it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot import mailer

REPOSITORY = Path(__file__).resolve().parent.parent
DEFAULT_CHANNEL = "default"
MOST_PROXIES = 5
LONGEST_NUMBER = 9  # digits
PRINTABLE = re.compile(r"[!-~]+")
_CHANNEL_NAME = re.compile(r"^LINE_(?:(?!LOGIN_)([A-Z0-9]+)_)?CHANNEL_SECRET$")
_LOGIN_NAME = re.compile(r"^LINE_(?:([A-Z0-9]+)_)?LOGIN_CHANNEL_(?:ID|SECRET)$")
LOGIN_ID = re.compile(r"[0-9]{1,20}")


class BadSettings(Exception):
    """A setting is missing or wrong; the text says which, and never shows a secret."""


def line_to_complete() -> str | None:
    """The command line so far, where a shell asks how its last word goes on; None for an ordinary command."""
    if not os.environ.get("_TSUNAGARI_COMPLETE"):
        return None
    return os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""


@dataclass(frozen=True)
class Login:
    """The LINE Login channel beside an account, under the same provider: it tells whose LINE opens a link."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Channel:
    """One LINE official account. `name` is "default" or, for LINE_IWAMI_CHANNEL_SECRET, "iwami"."""

    name: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    login: Login | None = None


@dataclass(frozen=True)
class Settings:
    """Everything that can be set from outside; README.md lists it, and a test compares the two."""

    channels: Mapping[str, Channel]
    """Of the environment; in an opened house also those that were added to its database (bot/channels.py)."""
    keys: str = field(repr=False)
    backup_key: str = field(repr=False)
    database_url: str = field(repr=False)
    line_api_base: str | None
    public_url: str
    content_dir: Path
    smtp_url: str | None = field(repr=False)
    mail_from: str
    host: str
    port: int
    broadcast_approval_above: int  # more recipients need a second person's approval; 0: never
    proxies: int  # reverse proxies in front of us, whose X-Forwarded-For is to be believed
    log_level: str
    log_format: str

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read the environment; raises BadSettings naming every variable that is wrong."""
        get = (os.environ if env is None else env).get
        wrong: list[str] = []
        port_text = get("PORT") or "8000"
        if not (port_text.isdigit() and 0 < int(port_text) < 65536):
            wrong.append(f"PORT: {port_text!r} is no port")
        port = int(port_text) if port_text.isdigit() else 8000
        proxies = get("PROXIES") or "0"
        if not (proxies.isascii() and proxies.isdigit() and int(proxies) <= MOST_PROXIES):
            wrong.append(f"PROXIES: {proxies!r} is no number from 0 to {MOST_PROXIES}")
        above = get("BROADCAST_APPROVAL_ABOVE") or "0"
        if not (above.isascii() and above.isdigit() and len(above) <= LONGEST_NUMBER):
            wrong.append(f"BROADCAST_APPROVAL_ABOVE: {above!r} is no number of people")
        log_format = get("LOG_FORMAT") or "json"
        if log_format not in ("json", "text"):
            wrong.append(f"LOG_FORMAT: {log_format!r} is neither json nor text")
        log_level = (get("LOG_LEVEL") or "INFO").upper()
        if log_level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            wrong.append(f"LOG_LEVEL: {log_level!r} is none of DEBUG, INFO, WARNING, ERROR")
        public_url = (get("PUBLIC_URL") or f"http://127.0.0.1:{port}").rstrip("/")
        if not public_url.startswith(("https://", "http://")):
            wrong.append("PUBLIC_URL: must begin with https://")
        line_api_base = (get("LINE_API_BASE") or "").rstrip("/") or None
        if line_api_base and not line_api_base.startswith(("https://", "http://")):
            wrong.append("LINE_API_BASE: must begin with https://")
        content_dir = Path(get("CONTENT_DIR") or REPOSITORY / "content")
        if not content_dir.is_dir():
            wrong.append(f"CONTENT_DIR: there is no folder {content_dir}")
        smtp_url = (get("SMTP_URL") or "").strip() or None
        mail_from = (get("MAIL_FROM") or "").strip() or mailer.sender_for(public_url)
        if smtp_url:
            try:
                mailer.server_of(smtp_url)
            except mailer.BadAddress as bad:
                wrong.append(str(bad))
        if not mailer.is_address(mail_from):
            wrong.append("MAIL_FROM: is no e-mail address")
        channels = _channels(os.environ if env is None else env, wrong)
        if wrong:
            raise BadSettings("\n".join(wrong))
        return cls(
            channels=channels,
            keys=get("TSUNAGARI_KEYS") or "",
            backup_key=get("TSUNAGARI_BACKUP_KEY") or "",
            database_url=get("DATABASE_URL") or "sqlite:///var/tsunagari.db",
            line_api_base=line_api_base,
            public_url=public_url,
            content_dir=content_dir,
            smtp_url=smtp_url,
            mail_from=mail_from,
            host=get("HOST") or "127.0.0.1",
            port=port,
            broadcast_approval_above=int(above),
            proxies=int(proxies),
            log_level=log_level,
            log_format=log_format,
        )

    def missing_for_serving(self) -> list[str]:
        """What `serve` cannot start without."""
        missing = []
        if not self.channels:
            missing.append("LINE_CHANNEL_SECRET and LINE_CHANNEL_ACCESS_TOKEN are not set")
        if not self.keys:
            missing.append("TSUNAGARI_KEYS is not set; `tsunagari key new` prints a key")
        return missing


def _channels(env: Mapping[str, str], wrong: list[str]) -> dict[str, Channel]:
    channels = {}
    for variable in sorted(env):
        named = _CHANNEL_NAME.match(variable)
        if not named or not env[variable]:
            continue
        prefix = f"LINE_{named[1]}_" if named[1] else "LINE_"
        name = named[1].lower() if named[1] else DEFAULT_CHANNEL
        secret = env[variable].strip()
        token = env.get(f"{prefix}CHANNEL_ACCESS_TOKEN", "").strip()
        if not token:
            wrong.append(f"{prefix}CHANNEL_ACCESS_TOKEN: is missing beside {variable}")
        elif not PRINTABLE.fullmatch(token):
            wrong.append(f"{prefix}CHANNEL_ACCESS_TOKEN: holds signs that no token of LINE's has")
        if not PRINTABLE.fullmatch(secret):
            wrong.append(f"{variable}: is blank or holds signs that no secret of LINE's has")
        channels[name] = Channel(name, secret, token, _login(env, prefix, wrong))
    for variable in sorted(env):
        named = _LOGIN_NAME.match(variable)
        if named and env[variable] and (named[1] or DEFAULT_CHANNEL).lower() not in channels:
            wrong.append(f"{variable}: there is no LINE_{named[1] + '_' if named[1] else ''}CHANNEL_SECRET")
    return channels


def _login(env: Mapping[str, str], prefix: str, wrong: list[str]) -> Login | None:
    """The LINE Login channel of the channel with this prefix, where there is one."""
    login_id = env.get(f"{prefix}LOGIN_CHANNEL_ID", "").strip()
    secret = env.get(f"{prefix}LOGIN_CHANNEL_SECRET", "").strip()
    if not login_id and not secret:
        return None
    if not LOGIN_ID.fullmatch(login_id):
        wrong.append(f"{prefix}LOGIN_CHANNEL_ID: is missing, or is no number as LINE's console shows it")
    if not PRINTABLE.fullmatch(secret):
        wrong.append(f"{prefix}LOGIN_CHANNEL_SECRET: is missing, or holds signs that no secret of LINE's has")
    return Login(login_id, secret)
