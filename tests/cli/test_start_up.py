"""A command starts quickly because it imports only what it needs: no test measures time, but this one counts libraries."""

from __future__ import annotations

import subprocess
import sys

import pytest

SLOW = ("alembic", "flask", "linebot", "markdown_it", "matplotlib", "reportlab")
BOOKS = ("python_calamine", "structlog", "urllib3", "xlsxwriter")


@pytest.mark.parametrize("noun", ["course", "supporter"])
def test_what_only_some_commands_need_is_not_imported_by_all(noun: str) -> None:
    asked = f"""
import sys
from bot.cli import build
build({noun!r})
print(*sorted(sys.modules.keys() & set({SLOW + BOOKS!r})))
"""
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.split() == []
