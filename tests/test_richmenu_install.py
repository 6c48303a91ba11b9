"""How the rich menus come to LINE: once, whole, and again when somebody was interrupted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select
from typer.testing import CliRunner

from bot import richmenu
from bot.cli import richmenu as cli
from bot.cli.output import Refused
from bot.content.richmenus import load_rich_menus
from bot.line.client import SendFailed
from bot.settings import Channel, Settings
from simulator.app import Simulator
from simulator.platform import Bot
from storage import menus, people
from storage.crypto import new_key
from storage.outbox import outbox
from storage.work import Database

CONTENT = Path(__file__).resolve().parent.parent / "content"
MENUS = load_rich_menus(CONTENT / "richmenus.yaml")


@dataclass(frozen=True)
class House:
    """What installing works with, and the LINE on this machine."""

    settings: Settings
    db: Database
    simulator: Simulator
    bell: threading.Event = field(default_factory=threading.Event)

    def at_line(self, channel: str = "default") -> dict[str, str]:
        """Name and id of every menu that has its picture there."""
        there = self.simulator.platform.channels[channel].menus
        return {menu.request["name"]: menu.id for menu in there.menus.values() if menu.image}

    def default(self, channel: str = "default") -> str | None:
        return self.simulator.platform.channels[channel].menus.default

    def links(self) -> list[tuple[str, str, Any]]:
        """Channel, person and body of every link that waits."""
        with self.db.look() as work:
            rows = work.conn.execute(select(outbox).where(outbox.c.kind == "link_menu").order_by(outbox.c.id))
            return [
                (
                    row.channel,
                    row.person_id,
                    work.unseal(row.body, row.channel, "outbox", "body", row.retry_key),
                )
                for row in rows
            ]

    def changes(self, name: str) -> None:
        """As if staff had edited the menu: what is installed is not what it shall be."""
        with self.db.work() as work:
            stood = menus.get(work, "default", name)
            assert stood is not None
            menus.put(work, "default", name, stood.menu_id, "what it was before")


drawn_once = cache(richmenu.draw)  # a picture takes half a second, and is the same each time


@pytest.fixture
def house(db: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(richmenu, "draw", drawn_once)
    channels = {name: Channel(name, f"secret-{name}", f"token-{name}") for name in ("default", "iwami")}
    bots = [Bot(each.name, each.name, each.secret, each.token) for each in channels.values()]
    with Simulator(bots) as simulator:
        settings = replace(
            Settings.from_env({}), channels=channels, content_dir=CONTENT, line_api_base=simulator.url
        )
        yield House(settings, db, simulator)


def _supporter(db: Database, number: int, channel: str = "default") -> str:
    with db.work() as work:
        person = people.lock(work, channel, f"U{number:032x}")
        people.register(work, person, town="iwami", district=None, topics=(), consent_version="1")
    return person.id


def test_every_channel_gets_both_menus_and_residents_see_theirs(house: House) -> None:
    done = richmenu.install(house)
    assert len(done) == 4
    for channel in ("default", "iwami"):
        assert set(house.at_line(channel)) == {menu.name for menu in MENUS.values()}
        assert house.default(channel) == house.at_line(channel)[MENUS["resident"].name]
        with house.db.look() as work:
            assert {each.name: each.menu_id for each in menus.listed(work, channel)} == {
                key: house.at_line(channel)[menu.name] for key, menu in MENUS.items()
            }


def test_installing_again_changes_nothing(house: House) -> None:
    richmenu.install(house)
    before = house.at_line(), house.at_line("iwami"), house.default()
    _supporter(house.db, 1)
    assert all("変わりなし" in line for line in richmenu.install(house))
    assert (house.at_line(), house.at_line("iwami"), house.default()) == before
    assert house.links() == []


def test_one_channel_alone_can_be_installed(house: House) -> None:
    assert len(richmenu.install(house, "iwami")) == 2
    assert house.at_line() == {}


def test_a_changed_menu_takes_the_place_of_the_old_one(house: House) -> None:
    richmenu.install(house, "default")
    old = house.at_line()
    house.changes("resident")
    richmenu.install(house, "default")
    new = house.at_line()
    assert new[MENUS["resident"].name] == house.default() != old[MENUS["resident"].name]
    assert new[MENUS["supporter"].name] == old[MENUS["supporter"].name]
    assert len(richmenu.at_line(house, "default").listed()) == 2


def test_when_their_menu_changed_the_supporters_of_this_channel_get_it_again(house: House) -> None:
    richmenu.install(house)
    mine = [_supporter(house.db, number) for number in range(3)]
    _supporter(house.db, 9, "iwami")
    with house.db.work() as work:
        people.lock(work, "default", f"U{77:032x}")  # a resident
    house.changes("supporter")
    house.bell.clear()
    done = richmenu.install(house)
    assert sorted(house.links()) == sorted(("default", person, {"menu": "supporter"}) for person in mine)
    assert any("サポーター 3 人" in line for line in done)
    assert house.bell.is_set()


def test_a_menu_that_somebody_deleted_at_line_is_installed_again(house: House) -> None:
    richmenu.install(house, "default")
    richmenu.at_line(house, "default").delete(house.at_line()[MENUS["resident"].name])
    richmenu.install(house, "default")
    assert house.default() == house.at_line()[MENUS["resident"].name]


def test_what_was_interrupted_is_done_the_next_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The link to the supporters is lost on the way: the next run must not think that all is well."""
    richmenu.install(house, "default")
    person = _supporter(house.db, 1)
    house.changes("supporter")

    def dies(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(richmenu, "_link_supporters", dies)
        with pytest.raises(KeyboardInterrupt):
            richmenu.install(house, "default")
    richmenu.install(house, "default")
    assert house.links() == [("default", person, {"menu": "supporter"})]
    assert len(richmenu.at_line(house, "default").listed()) == 2


def test_menus_that_another_program_made_are_left_alone(house: House) -> None:
    foreign = richmenu.menu_json(MENUS["resident"]) | {"name": "夏まつり"}
    made = richmenu.at_line(house, "default").create(foreign, richmenu.draw(MENUS["resident"]))
    richmenu.install(house, "default")
    house.changes("resident")
    richmenu.install(house, "default")
    assert house.at_line()["夏まつり"] == made


def test_of_an_unchanged_menu_nothing_is_drawn_anew_at_line_but_the_default_is_restored(house: House) -> None:
    richmenu.install(house, "default")
    house.simulator.platform.channels["default"].menus.default = None
    richmenu.install(house, "default")
    assert house.default() == house.at_line()[MENUS["resident"].name]


def test_the_simulated_line_finds_no_fault_in_the_menus(house: House) -> None:
    richmenu.install(house)
    assert any("richmenu" in str(call) for call in house.simulator.platform.log)
    assert list(house.simulator.platform.violations) == []


def test_a_line_that_refuses_leaves_the_old_menu_in_place(house: House) -> None:
    richmenu.install(house, "default")
    before = house.at_line()
    house.changes("resident")
    strangers = {"default": Channel("default", "x", "wrong-token")}
    stranger = replace(house, settings=replace(house.settings, channels=strangers))
    with pytest.raises(SendFailed):
        richmenu.install(stranger, "default")
    assert house.at_line() == before


# ---- the command -------------------------------------------------------------------------------------------


@pytest.fixture
def command(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """`command("install", "--yes")` against the LINE on this machine."""
    monkeypatch.setenv("LINE_CHANNEL_SECRET", "secret-default")
    monkeypatch.setenv("LINE_CHANNEL_ACCESS_TOKEN", "token-default")
    monkeypatch.setenv("LINE_API_BASE", house.simulator.url)
    monkeypatch.setenv("TSUNAGARI_KEYS", new_key("t1"))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'of_the_command.db'}")
    return lambda *words: CliRunner().invoke(cli.app, list(words))


def test_without_yes_the_command_only_says_what_it_would_do(
    house: House, command: Callable[..., Any]
) -> None:
    said = command("install")
    assert said.exit_code == 0
    assert "新しく入れる" in said.output
    assert house.at_line() == {}


def test_with_yes_it_installs_and_list_shows_it(house: House, command: Callable[..., Any]) -> None:
    assert command("install", "--yes").exit_code == 0
    assert len(house.at_line()) == 2
    listed = yaml.safe_load(command("list", "--json").output)
    assert {each["name"]: each["menu_id"] for each in listed} == {
        key: house.at_line()[menu.name] for key, menu in MENUS.items()
    }
    assert all(each["complete"] for each in listed)
    assert "変わりなし" in command("install").output


def test_an_unknown_channel_is_refused_by_its_name(command: Callable[..., Any]) -> None:
    said = command("install", "--channel", "tokyo", "--yes")
    assert isinstance(said.exception, Refused)
    assert "tokyo" in str(said.exception)


def test_out_only_saves_the_pictures(tmp_path: Path) -> None:
    said = CliRunner().invoke(cli.app, ["install", "--out", str(tmp_path / "pictures")])
    assert said.exit_code == 0
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {
        "richmenu-resident.png",
        "richmenu-supporter.png",
    }
