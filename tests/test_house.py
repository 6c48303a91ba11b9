"""The walls of the house: who may import whom, how long a file may be (docs: ARCHITECTURE, decisions)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("bot", "storage", "jobs", "simulator")
FILES = [path for room in OURS for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts]

ONLY_IN = {  # a library, and the only places that may import it
    "linebot": ("bot/line/",),
    "sqlalchemy": ("storage/", "jobs/timetable.py"),
    "alembic": ("storage/",),
    "apscheduler": ("jobs/timetable.py",),
    "procrastinate": ("jobs/engine.py",),
    "psycopg_pool": ("jobs/engine.py",),
    "flask": ("bot/web/", "bot/app.py", "simulator/"),
    "typer": ("bot/cli/",),
    "reportlab": ("bot/pdf.py",),
    "typst": ("bot/handbook/paper.py",),
    "smtplib": ("bot/mailer.py",),
    "argon2": ("storage/", "bot/web/desk/", "bot/cli/staff.py", "bot/passwords.py"),
}
NEVER = {  # a room, and what it may not import
    "storage/": ("bot", "jobs", "simulator"),
    "bot/": ("jobs", "simulator"),
    "bot/flows/": (
        "storage",
        "flask",
        "bot.line",
        "bot.handlers",
        "bot.web",
        "bot.app",
        "random",
        "time",
        "requests",
    ),
    "bot/content/": (
        *("storage", "flask", "bot.line", "bot.handlers", "bot.flows", "bot.web", "bot.desk", "bot.app"),
    ),
    "bot/handlers/": ("flask", "bot.web", "bot.cli"),
    "bot/desk/": ("flask", "bot.web", "bot.cli", "bot.handlers", "bot.flows"),
    "bot/line/": ("storage", "bot.handlers", "bot.flows", "bot.web"),
    "jobs/": ("bot.cli", "bot.web", "simulator"),
    "simulator/": ("bot", "storage", "jobs"),
}
EDGES = ("bot/cli/", "bot/wsgi.py")  # the commands start everything, and so may reach everything


def imports(path: Path) -> Iterator[str]:
    """Every module this file imports at run time, also inside functions."""
    tree = ast.parse(path.read_text("utf-8"))
    only_for_types = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in only_for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def under(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_only_in_the_direction_of_the_design(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    for module in imports(path):
        for library, places in ONLY_IN.items():
            if under(module, library):
                assert name.startswith(places), f"{name} imports {module}; only {places} may"
        for room, forbidden in NEVER.items():
            if name.startswith(room) and not name.startswith(EDGES):
                wrong = [package for package in forbidden if under(module, package)]
                assert not wrong, f"{name} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_settings_reads_the_environment(path: Path) -> None:
    if path == ROOT / "bot" / "settings.py":
        return
    reads = [
        node.attr
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.getenv")
    ]
    assert not reads, f"{path} reads the environment"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_stays_short_enough_to_read(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= 400, f"{path} has {lines} lines"
