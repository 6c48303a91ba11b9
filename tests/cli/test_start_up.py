"""A command starts quickly because it imports only what it needs: no test measures time, but this one counts libraries."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import Any

import pytest
import typer

from bot.cli import course, supporter

SLOW = ("alembic", "flask", "linebot", "markdown_it", "matplotlib", "reportlab")
BOOKS = ("python_calamine", "structlog", "urllib3", "xlsxwriter")
DRAWN = ("PIL", "prometheus_client", "qrcode", "sqlalchemy.dialects.postgresql")


@pytest.mark.parametrize("noun", ["course", "supporter"])
def test_what_only_some_commands_need_is_not_imported_by_all(noun: str) -> None:
    assert imported_by(f"from bot.cli import build; build({noun!r})") & {*SLOW, *BOOKS} == set()


def test_a_command_imports_its_own_file_and_not_those_of_the_others() -> None:
    found = imported_by(
        "import typer; from bot.cli import supporter; typer.main.get_command(supporter.app).get_command(None, 'counts')"
    )
    assert {name for name in found if name.startswith("bot.cli.supporter_")} == {
        "bot.cli.supporter_coverage",
        "bot.cli.supporter_house",
    }
    assert found & {*SLOW, *BOOKS, *DRAWN} == set()


@pytest.mark.parametrize("app", [course.app, supporter.app], ids=["course", "supporter"])
def test_every_command_of_a_file_stands_under_its_noun(app: typer.Typer) -> None:
    group: Any = typer.main.get_command(app)
    for room, names in group.rooms.items():
        there = typer.Typer()
        importlib.import_module(f"bot.cli.{room}").add_to(there)
        here = {each.name or each.callback.__name__ for each in there.registered_commands if each.callback}
        beside = {"paper", "certificates"} if room == "supporter_papers" else set()  # of two nouns
        assert here - beside == set(names) - beside
        assert set(names) <= set(group.commands)
        assert all(group.get_command(None, name).name == name for name in names)


def imported_by(deed: str) -> set[str]:
    """The modules that are there after this was done in a process of its own."""
    asked = f"import sys; {deed}; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return set(said.stdout.split())
