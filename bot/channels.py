"""The LINE official accounts that we serve: those of the environment, and those that were added while we run.

Each process looks every few seconds whether one was added, changed or switched off (`tsunagari channel`), and at once
when somebody asks for a name that it does not know. Nothing of it is asked of the database for an event or a message.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from bot import log
from bot.content.library import ChannelPlan, Content
from bot.settings import Channel, Login, Settings
from storage import channels as added
from storage.channels import Account, Added
from storage.work import Database

LOOK_EVERY = 3.0  # seconds
UNKNOWN_EVERY = 1.0  # seconds; anybody may post to any name, and must not make us ask for each
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


def with_added(settings: Settings, content: Content, db: Database) -> tuple[Settings, Content]:
    """The same, but that their channels are alive: both know from now on what was added to this database."""
    found = Accounts(settings.channels, content, db)
    return replace(settings, channels=Channels(found)), replace(content, channels=Plans(found))


def plan_of(content: Content, name: str, basic_id: str) -> ChannelPlan | None:
    """What a channel serves: what content/channels.yaml says, else the town that is called like it. None: nothing."""
    if name in content.channels:
        return content.channels[name]
    if name not in content.towns:
        return None
    return ChannelPlan(content.town(name).name, basic_id, (name,), name)


def channel_of(account: Account) -> Channel:
    """The account as everything else knows one."""
    login = Login(account.login_id, account.login_secret or "") if account.login_id else None
    return Channel(account.channel, account.secret, account.token, login)


@dataclass(frozen=True)
class Seen:
    """What stood in the database at one moment."""

    stamp: int
    channels: Mapping[str, Channel]
    plans: Mapping[str, ChannelPlan]


class Accounts:
    """What the environment and the database have, as it was when somebody looked last. Safe to share between threads:
    one looks, and the others go on with what is known."""

    def __init__(
        self,
        fixed: Mapping[str, Channel],
        content: Content,
        db: Database,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`fixed`, the channels of the environment, win over what was added under the same name."""
        self._fixed = fixed
        self._content = content
        self._db = db
        self._clock = clock
        self._looking = threading.Lock()
        self._seen = self._read(None)
        self._looked_at = clock()

    def now(self) -> Seen:
        """What is known, not older than LOOK_EVERY as long as the database answers."""
        if self._clock() - self._looked_at >= LOOK_EVERY and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looking.release()
        return self._seen

    def at_hand(self) -> Seen | None:
        """What is known, unless it is time to look: for who must not wait for the database."""
        return self._seen if self._clock() - self._looked_at < LOOK_EVERY else None

    def after_a_look(self) -> Seen:
        """For who looked for a name in vain: what was added within the last second is found, too."""
        with self._looking:
            if self._clock() - self._looked_at >= UNKNOWN_EVERY:
                self._look()
        return self._seen

    def _look(self) -> None:
        try:
            self._seen = self._read(self._seen)
        except Exception as trouble:  # without the database we go on with what we know
            log.error("channels.not_read", trouble)
        self._looked_at = self._clock()

    def _read(self, before: Seen | None) -> Seen:
        with self._db.look() as work:
            stamp = added.stamp(work)
            if before is not None and before.stamp == stamp:
                return before
            rows = added.listed(work)
        channels, plans = {}, dict(self._content.channels)
        for row in rows:
            plan = plan_of(self._content, row.channel, row.basic_id)
            if plan is None:
                log.warning("channels.serves_no_town", channel=row.channel)
                continue
            plans[row.channel] = plan  # also of one that rests: its people and concerns are still there
            if account := _in_use(row):
                channels[row.channel] = channel_of(account)
        if before is not None:
            log.event("channels.changed", count=len(channels))
        return Seen(stamp, {**channels, **self._fixed}, plans)


def _in_use(row: Added) -> Account | None:
    if row.account is None:
        log.warning("channels.sealed", channel=row.channel)
    return row.account if row.disabled_at is None else None


class Channels(Mapping[str, Channel]):
    """The accounts that may be used at this moment, by name."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def __getitem__(self, name: str) -> Channel:
        found = self._accounts.now().channels.get(name)
        if found is None and NAME.fullmatch(name):
            found = self._accounts.after_a_look().channels.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def at_hand(self, name: str) -> Channel | None:
        """The same without ever looking at the database; None also where that would have to be done first."""
        seen = self._accounts.at_hand()
        return seen.channels.get(name) if seen else None

    def __iter__(self) -> Iterator[str]:
        return iter(self._accounts.now().channels)

    def __len__(self) -> int:
        return len(self._accounts.now().channels)

    def __repr__(self) -> str:
        return f"Channels({', '.join(self)})"


class Plans(Mapping[str, ChannelPlan]):
    """What each channel serves: as the content says, and for who was added meanwhile the town of the same name."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def __getitem__(self, name: str) -> ChannelPlan:
        return self._accounts.now().plans[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._accounts.now().plans)

    def __len__(self) -> int:
        return len(self._accounts.now().plans)
