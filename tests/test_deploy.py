"""What deploy/ says is true: units, image and compose file start our own commands with settings that exist."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from gunicorn.config import Config
from test_readme import settings_read, what_is_wrong

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
WALLS = DEPLOY / "systemd" / "tsunagari-.service.d" / "walls.conf"
HERE = "/opt/tsunagari"  # where the units expect the checkout
IN_EACH = [  # of the walls that no unit may leave out or open again
    ("NoNewPrivileges", "yes"),
    ("ProtectSystem", "strict"),
    ("ProtectHome", "yes"),
    ("PrivateTmp", "yes"),
    ("CapabilityBoundingSet", ""),
    ("User", "tsunagari"),
    ("StateDirectory", "tsunagari"),
    ("EnvironmentFile", "/etc/tsunagari/tsunagari.env"),
]


def name_of(path: Path) -> str:
    return path.name


def read(unit: Path) -> list[tuple[str, str, str]]:
    """Section, name, value of each line."""
    found, section = [], ""
    for line in unit.read_text("utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif line and not line.startswith("#"):
            name, equals, value = line.partition("=")
            assert equals, f"{unit.name}: {line!r}"
            found.append((section, name, value))
    return found


def values(unit: Path, name: str) -> list[str]:
    return [value for _, found, value in read(unit) if found == name]


def procfile() -> Mapping[str, Sequence[str]]:
    lines = (ROOT / "Procfile").read_text("utf-8").splitlines()
    return {name: shlex.split(command) for name, _, command in (line.partition(": ") for line in lines)}


def wrong_with(command: Sequence[str]) -> str | None:
    """Why this is not one of our programs with arguments that it takes."""
    program, *arguments = command
    if Path(program).name == "tsunagari":
        return what_is_wrong(list(arguments))
    if Path(program).name == "gunicorn":
        try:
            Config().parser().parse_args(list(arguments))
        except SystemExit:
            return f"gunicorn does not take {arguments}"
        return None if arguments[-1] == "bot.wsgi:app" else "not our application"
    return f"{program} is no program of ours"


def gunicorn_options(command: Sequence[str]) -> dict[str, Any]:
    """What gunicorn understands, without where it listens."""
    parsed = vars(Config().parser().parse_args(list(command)[1:]))
    return {name: value for name, value in parsed.items() if value is not None and name != "bind"}


# ---- systemd ---------------------------------------------------------------------------------------------


def commands_of(unit: Path) -> Iterator[list[str]]:
    """What the unit starts; of what a shell starts, the command after `exec`."""
    for value in values(unit, "ExecStart"):
        words = shlex.split(value)
        yield shlex.split(words[2].removeprefix("exec ")) if words[:2] == ["/bin/sh", "-c"] else words


@pytest.mark.parametrize("unit", UNITS, ids=name_of)
def test_a_unit_starts_a_command_of_ours_from_the_checkout(unit: Path) -> None:
    commands = list(commands_of(unit))
    assert len(commands) == 1
    assert commands[0][0].startswith(f"{HERE}/.venv/bin/")
    assert wrong_with(commands[0]) is None


def test_a_wrong_command_would_be_noticed() -> None:
    assert wrong_with([f"{HERE}/.venv/bin/tsunagari", "serf"]) == "no command 'serf'"
    assert wrong_with([f"{HERE}/.venv/bin/tsunagari", "work", "--roll", "clock"]) == "no option --roll"
    assert wrong_with(["/usr/bin/python", "x"]) == "/usr/bin/python is no program of ours"


def test_the_processes_of_the_procfile_are_units_with_the_same_arguments() -> None:
    for name, command in procfile().items():
        started = next(commands_of(DEPLOY / "systemd" / f"tsunagari-{name}.service"))
        if name == "web":
            assert gunicorn_options(started) == gunicorn_options(command)
        else:
            assert started[1:] == command[1:]


@pytest.mark.parametrize("unit", UNITS, ids=name_of)
def test_every_unit_stands_inside_the_walls(unit: Path) -> None:
    walls = [(name, value) for _, name, value in read(WALLS)]
    assert [wall for wall in IN_EACH if wall not in walls] == []
    own = {name for _, name, _ in read(unit)}
    assert own.isdisjoint({name for name, _ in IN_EACH} - {"EnvironmentFile"})
    folder = "tsunagari.service.d" if unit.name == "tsunagari.service" else "tsunagari-.service.d"
    assert (unit.parent / folder / "walls.conf").resolve() == WALLS
    assert unit.name == "tsunagari.service" or unit.name.startswith("tsunagari-")


@pytest.mark.parametrize("unit", [*UNITS, WALLS], ids=name_of)
def test_a_unit_sets_only_what_we_read(unit: Path) -> None:
    names = {pair.partition("=")[0] for value in values(unit, "Environment") for pair in shlex.split(value)}
    assert names <= settings_read()


def test_the_timer_has_something_to_start() -> None:
    timers = list((DEPLOY / "systemd").glob("*.timer"))
    assert [timer.stem for timer in timers] == ["tsunagari-backup"]
    assert timers[0].with_suffix(".service") in UNITS
    parser = configparser.ConfigParser()
    parser.read_string(timers[0].read_text("utf-8"))
    assert parser["Timer"]["OnCalendar"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    """It looks whether the programs are there, so the units are pointed at this checkout."""
    there = tmp_path / "opt"
    for program in ("tsunagari", "gunicorn"):
        file = there / ".venv" / "bin" / program
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("#!/bin/sh\n")
        file.chmod(0o755)
    units = tmp_path / "units"
    shutil.copytree(DEPLOY / "systemd", units)
    for file in [*units.glob("*.service"), *units.glob("*.d/*.conf")]:
        file.write_text(file.read_text("utf-8").replace(HERE, str(there)), "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(units / unit.name) for unit in UNITS)],
        env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{units}:"},
        capture_output=True,
        text=True,
        check=False,
    )
    about_ours = [line for line in done.stderr.splitlines() if "tsunagari" in line]
    assert (done.returncode, about_ours) == (0, [])


@pytest.mark.parametrize("name", ["tsunagari", "install.sh"])
def test_a_script_is_one_that_a_shell_understands(name: str) -> None:
    subprocess.run(["sh", "-n", str(DEPLOY / name)], check=True)


def test_what_is_installed_is_there() -> None:
    script = (DEPLOY / "install.sh").read_text("utf-8")
    named = set(re.findall(r"deploy/([\w./-]+)", script)) - {"install.sh"}
    assert named
    assert all((DEPLOY / name).exists() for name in named)
    loop = re.search(r"for file in (.+); do", script)
    assert loop
    assert all((DEPLOY / name).exists() for name in loop[1].split())


# ---- settings --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tsunagari.env", "backup.env"])
def test_a_file_of_settings_names_only_what_we_read_and_holds_no_secret(name: str) -> None:
    lines = [line for line in (DEPLOY / name).read_text("utf-8").splitlines() if line and line[0] != "#"]
    found = dict(line.split("=", 1) for line in lines)
    assert len(found) == len(lines)
    assert found.keys() <= settings_read()
    secret = {setting for setting in found if re.search("KEY|SECRET|TOKEN|SMTP", setting)}
    assert secret
    assert {found[setting] for setting in secret} == {""}


def test_both_files_together_leave_nothing_out_that_serving_needs() -> None:
    said = (DEPLOY / "tsunagari.env").read_text("utf-8")
    for needed in (
        "LINE_CHANNEL_SECRET",
        "LINE_CHANNEL_ACCESS_TOKEN",
        "TSUNAGARI_KEYS",
        "PUBLIC_URL",
        "PROXIES=1",
    ):
        assert f"\n{needed}" in said


# ---- containers ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    return found


def test_compose_starts_what_the_procfile_starts(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, command in procfile().items():
        started = services[name]["command"]
        assert wrong_with(started) is None
        if name == "web":
            assert gunicorn_options(started) == gunicorn_options(command)
        else:
            assert started[1:] == command[1:]


def test_compose_migrates_before_anything_else_starts(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["release"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in set(procfile()) - {"release"}:
        assert services[name]["depends_on"] == {"release": {"condition": "service_completed_successfully"}}


def test_compose_sets_only_what_we_read(compose: dict[str, Any]) -> None:
    ours = {name: compose["services"][name] for name in procfile()}
    for service in ours.values():
        assert service["environment"].keys() <= settings_read()
        assert service["env_file"] == "tsunagari.local.env"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
    asked = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text("utf-8")))
    assert asked <= {*settings_read(), "POSTGRES_PASSWORD"}


def test_nothing_but_the_proxy_is_reached_from_outside(compose: dict[str, Any]) -> None:
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["proxy"]


def image() -> list[str]:
    """The Dockerfile's instructions, each in one line."""
    text = re.sub(r"\\\n\s*", " ", (DEPLOY / "Dockerfile").read_text("utf-8"))
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_image_installs_only_what_is_pinned_and_runs_as_nobody_special() -> None:
    installs = [line for line in image() if "pip install" in line]
    assert any("--require-hashes -r requirements/runtime.txt" in line for line in installs)
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)
    assert image().index("USER tsunagari") < image().index('CMD ["tsunagari", "serve"]')
    assert any(line.startswith("HEALTHCHECK") and "/healthz" in line for line in image())


def test_the_image_sets_only_what_we_read() -> None:
    settings = next(line for line in image() if line.startswith("ENV"))
    names = set(re.findall(r"(\w+)=", settings)) - {"PATH", "PYTHONDONTWRITEBYTECODE"}
    assert names == {"HOST", "PORT", "DATABASE_URL"}
    assert names <= settings_read()


def test_the_image_gets_every_folder_that_it_copies() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").split() if line.startswith("!")}
    copied = {
        word.split("/")[0]
        for line in image()
        if line.startswith("COPY") and "--from" not in line
        for word in line.split()[1:-1]
    }
    assert copied == sent
    assert all((ROOT / name).exists() for name in sent)


# ---- the proxy -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_the_proxy_hides_what_is_only_for_monitors_and_lets_photos_pass(name: str) -> None:
    said = (DEPLOY / name).read_text("utf-8")
    assert "/metrics" in said
    assert "/readyz" in said
    assert re.search(r"/d/(.|\n)*?35[mM]", said)
    assert "/callback" in said.split("http://" if name == "Caddyfile" else "listen 80;", 1)[1]


@pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx here")
def test_nginx_understands_every_line(tmp_path: Path) -> None:
    text = (DEPLOY / "nginx.conf").read_text("utf-8")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        shlex.split(
            "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout key.pem -out certificate.pem"
        ),
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    text = re.sub(r"(ssl_certificate\s+)\S+;", rf"\1{certificate};", text)
    text = re.sub(r"(ssl_certificate_key\s+)\S+;", rf"\1{key};", text)
    whole = tmp_path / "whole.conf"
    whole.write_text(
        f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{text}\n}}\n"
    )
    done = subprocess.run(
        ["nginx", "-t", "-p", str(tmp_path), "-c", str(whole)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
