"""What README.md and the other pages say is true: settings, commands, folders, links, processes."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from gunicorn.config import Config
from typer.core import TyperGroup

from bot import settings
from bot.cli import build
from bot.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [
    *(ROOT / name for name in ("README.md", "README.ja.md", "CONTRIBUTING.md", "bot/flows/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
FENCE = re.compile(r"^ *```\w*\n(.*?)^ *```", re.M | re.S)


def chapter(title: str) -> str:
    """The text of README.md between this heading and the next."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.M | re.S)
    assert found, f"README.md has no chapter {title!r}"
    return found[1]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


# ---- settings --------------------------------------------------------------------------------------------


def settings_table() -> dict[str, str]:
    """Each name in the table and its default."""
    rows = re.findall(r"^\| `(\w+)` \|.*\| (.*?) \|$", chapter("Settings"), re.M)
    assert len(rows) == len(dict(rows))
    return dict(rows)


def settings_read() -> set[str]:
    """Each name that bot/settings.py reads: what `get("…")` asks for, and the two of a channel."""
    tree = ast.parse(Path(settings.__file__).read_text(encoding="utf-8"))
    names = set()
    for call in ast.walk(tree):
        if not (isinstance(call, ast.Call) and ast.unparse(call.func) in ("get", "env.get")):
            continue
        match call.args[0]:
            case ast.Constant(value=str(name)):
                names.add(name)
            case ast.JoinedStr(values=[_, ast.Constant(value=str(rest))]):  # f"{prefix}CHANNEL_…"
                names.add(f"LINE_{rest}")
    secret = re.sub(r"\(\?:.*\)\?", "", settings._CHANNEL_NAME.pattern).strip("^$")
    return names | {secret}


def test_the_settings_table_names_exactly_what_the_code_reads() -> None:
    assert {"PORT", "LINE_CHANNEL_SECRET", "LINE_CHANNEL_ACCESS_TOKEN"} <= settings_read()
    assert set(settings_table()) == settings_read()


def test_the_settings_table_tells_the_true_defaults() -> None:
    table, made = settings_table(), Settings.from_env({})
    defaults = {
        "HOST": made.host,
        "PORT": str(made.port),
        "LOG_LEVEL": made.log_level,
        "LOG_FORMAT": made.log_format,
        "DATABASE_URL": made.database_url,
        "PUBLIC_URL": made.public_url.replace(str(made.port), "$PORT"),
    }
    assert {name: table[name] for name in defaults} == {
        name: f"`{value}`" for name, value in defaults.items()
    }


def test_a_channel_of_its_own_is_named_as_the_table_says() -> None:
    named = re.findall(r"for a channel `(\w+)`: `(\w+)`", chapter("Settings"))
    assert len(named) == 2
    made = Settings.from_env({variable: "a-value" for _, variable in named})
    assert list(made.channels) == [named[0][0]]


# ---- commands --------------------------------------------------------------------------------------------


def code_in(text: str) -> Iterator[str]:
    """Every line of every code block, and every piece of code between words."""
    for block in FENCE.findall(text):
        yield from re.sub(r"\\\n\s*", "", block).splitlines()
    yield from re.findall(r"`([^`\n]+)`", FENCE.sub("", text))


def commands_in(text: str, program: str) -> Iterator[list[str]]:
    """The words behind `program`, wherever it is called; comments are left out."""
    for code in code_in(text):
        for called in re.findall(rf"(?:^|[\s(/\"]){program} ([^)|]+)", code):
            words = re.sub(r"\s#.*|[\"；。]+$", "", called)
            yield shlex.split(words) if words.count('"') % 2 == 0 else words.split()


def what_is_wrong(words: list[str]) -> str | None:
    """Why `tsunagari <words>` is no command; None when it is one."""
    here: Any = typer.main.get_command(build())
    rest = [word for word in words if word != "…"]
    if rest[:1] in (["--install-completion"], ["--show-completion"]):
        return None  # answered before any command is looked for
    while isinstance(here, TyperGroup) and rest:
        then = here.commands.get(rest[0])
        if then is None:
            return f"no command {rest[0]!r}"
        here, rest = then, rest[1:]
    known = {option for param in here.params for option in (*param.opts, *param.secondary_opts)} | {"--help"}
    unknown = [word for word in rest if word.startswith("--") and word not in known]
    return f"no option {unknown[0]}" if unknown else None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_on_the_page_exists_with_its_options(page: Path) -> None:
    said = list(commands_in(page.read_text(encoding="utf-8"), "tsunagari"))
    assert [(words, wrong) for words in said if (wrong := what_is_wrong(words))] == []


def test_readme_is_searched_for_commands() -> None:
    """Were the search blind, the test above could not fail."""
    found = [words[:2] for words in commands_in(README, "tsunagari")]
    assert ["broadcast", "schedule"] in found
    assert ["key", "new"] in found
    assert len(found) >= 10
    assert what_is_wrong(["broadcast", "shout"]) == "no command 'shout'"
    assert what_is_wrong(["concern", "list", "--loud"]) == "no option --loud"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_make_target_on_the_page_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("$(VENV)", ".venv")
    targets = {name for line in re.findall(r"^([^\s:=#]+):(?!=)", makefile, re.M) for name in line.split()}
    said = commands_in(page.read_text(encoding="utf-8"), "make")
    assert [words[0] for words in said if words[0] not in targets] == []


# ---- folders, links, processes ---------------------------------------------------------------------------


def folders_on_the_map() -> dict[str, str]:
    """Each folder of the map, with the remark beside it."""
    (drawn,) = FENCE.findall(chapter("Where things are"))
    found: dict[str, str] = {}
    above: list[str] = []
    for indent, name, remark in re.findall(r"^( *)(\w+)/ +(.*)$", drawn, re.M):
        above = [*above[: len(indent) // 2], name]
        found["/".join(above)] = remark
    assert len(found) == len(drawn.strip().splitlines())
    return found


def test_the_map_names_only_what_is_there() -> None:
    for folder, remark in folders_on_the_map().items():
        assert (ROOT / folder).is_dir(), folder
        for file in re.findall(r"\w+\.py", remark):
            assert (ROOT / folder / file).is_file(), f"{folder}/{file}"


def test_the_map_names_every_package_and_every_room_of_the_bot() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["setuptools"]["packages"]
    wanted = {name.replace(".", "/") for name in packages if "." not in name or name.startswith("bot.")}
    assert wanted | {"content", "tests", "docs"} <= set(folders_on_the_map())


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_on_the_page_leads_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    ours = [link.split("#")[0] for link in links if not link.startswith(("https://", "http://", "#"))]
    assert [link for link in ours if not (page.parent / link).exists()] == []


def procfile() -> dict[str, list[str]]:
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    return {name: shlex.split(command) for name, command in (line.split(": ", 1) for line in lines if line)}


def test_every_process_of_the_procfile_can_be_started() -> None:
    assert {"web", "worker", "clock", "release"} <= set(procfile())
    for name, (program, *words) in procfile().items():
        if program == "tsunagari":
            assert what_is_wrong(words) is None, name
        else:
            assert program == "gunicorn", name


def test_gunicorn_understands_what_the_procfile_tells_it() -> None:
    _, *words = procfile()["web"]
    given = Config().parser().parse_args([re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", word) for word in words])
    (application,) = given.args
    module, _, variable = application.partition(":")
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    assigned = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    assert variable in {
        target.id
        for each in assigned.body
        if isinstance(each, ast.Assign)
        for target in each.targets
        if isinstance(target, ast.Name)
    }
    assert "gthread" in given.worker_class or importlib.util.find_spec(given.worker_class.rpartition(".")[0])
