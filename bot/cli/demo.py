"""`tsunagari demo`: the whole service beside the LINE stand-in, with something in it to try. `make demo` runs it."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import secrets
import shlex
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Annotated

import typer
import urllib3
from rich.panel import Panel

from bot.app import build
from bot.cli import output
from bot.cli.demo_desk import Member, members, open_accounts, open_example
from bot.cli.house import open_house
from bot.cli.output import TOKYO, Refused
from bot.cli.serve import run_service
from bot.cli.simulate import bots_of
from bot.content.library import load_content
from bot.richmenu import install
from bot.settings import REPOSITORY, Settings
from simulator.app import Simulator
from storage import courses
from storage.courses import Course
from storage.crypto import new_key
from storage.work import Database

FOLDER = REPOSITORY / "var" / "demo"
SIMULATOR_PORT, SERVICE_PORT, MAIL_PORT = 8090, 8000, 8025
READY_WITHIN = 30.0  # seconds
TOWN, TITLE, PLACE = "tottori", "つながりサポーター養成講座（おためし）", "駅南庁舎（おためし）"


def demo(
    reset: Annotated[
        bool, typer.Option("--reset", help="前のおためしのデータを消して、最初から始める。")
    ] = False,
    port: Annotated[
        int, typer.Option("--port", min=1, max=65535, help="ウェブの番号（使われていれば、次の番号）。")
    ] = SERVICE_PORT,
    phone_port: Annotated[
        int, typer.Option("--phone-port", min=1, max=65535, help="電話の番号（使われていれば、次の番号）。")
    ] = SIMULATOR_PORT,
    mail_port: Annotated[
        int, typer.Option("--mail-port", min=1, max=65535, help="メールの番号（使われていれば、次の番号）。")
    ] = MAIL_PORT,
    folder: Annotated[Path, typer.Option("--folder", help="おためしのデータを置く所。")] = FOLDER,
    line_login: Annotated[
        bool, typer.Option("--line-login", help="リンクをひらく人を、LINEログイン（の代わり）で確かめる。")
    ] = False,
) -> None:
    """つながりを、LINEの代わりといっしょに試します。

    このパソコンだけで動きます。止めるときは Ctrl-C。

    例: tsunagari demo --reset
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # also where SIGINT is ignored, as behind `&`
    if reset and folder.exists():
        shutil.rmtree(folder)
    env = environment(folder, port, phone_port, mail_port)
    if line_login:
        env |= {"LINE_LOGIN_CHANNEL_ID": "2000000001", "LINE_LOGIN_CHANNEL_SECRET": secrets.token_hex(16)}
    settings = Settings.from_env(env)
    load_content(settings.content_dir)  # what is wrong in there is said here, not in the service's log
    try:
        with _simulator(settings) as phone, _service(env) as service:
            _wait_until_ready(settings.public_url, service, folder)
            with open_house(settings) as house:
                course, people = open_course(house.db), members(folder)
                open_accounts(house.db, house.content, people)
                open_example(house, people[0])
            _menus(settings)
            _welcome(phone, settings.public_url, course, people, folder / "env")
            while service.is_alive():
                service.join(1)
            raise Refused("サービスが止まりました。", f"ようすは {folder / 'service.log'} にあります。")
    except KeyboardInterrupt:
        output.say("\nおつかれさまでした。すべて止めました。 Stopped.", output.QUIET)


def environment(
    folder: Path,
    port: int = SERVICE_PORT,
    phone_port: int = SIMULATOR_PORT,
    mail_port: int = MAIL_PORT,
) -> dict[str, str]:
    """The demo's settings: secrets are made once and kept (0600), free ports are chosen anew each time."""
    file = folder / "env"
    folder.mkdir(parents=True, exist_ok=True)
    env = _read(file) or {
        "LINE_CHANNEL_SECRET": secrets.token_hex(16),
        "LINE_CHANNEL_ACCESS_TOKEN": secrets.token_urlsafe(48),
        "TSUNAGARI_KEYS": new_key("demo"),
    }
    port = _free_port(port)
    phone_port = _free_port(phone_port, port)
    env |= {
        "DATABASE_URL": f"sqlite:///{folder.absolute() / 'tsunagari.db'}",
        "LINE_API_BASE": f"http://127.0.0.1:{phone_port}",
        "SMTP_URL": f"smtp://127.0.0.1:{_free_port(mail_port, port, phone_port)}",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "LOG_FORMAT": "text",
    }
    fresh = folder / "env.new"
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.writelines(f"{name}={shlex.quote(value)}\n" for name, value in env.items())
    fresh.replace(file)
    return env


def _read(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    words = (shlex.split(line)[0] for line in file.read_text().splitlines() if "=" in line)
    return dict(word.split("=", 1) for word in words)


def _free_port(wanted: int, *taken: int) -> int:
    for port in range(wanted, min(wanted + 50, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in taken:
            return port
    raise Refused(f"{wanted} から {wanted + 49} までの番号が、すべて使われています。")


@contextmanager
def _simulator(settings: Settings) -> Iterator[str]:
    """The stand-ins for LINE and for the mail server, in threads of this process; the phone's address."""
    assert settings.line_api_base is not None
    assert settings.smtp_url is not None
    port, mail_port = (int(url.rpartition(":")[2]) for url in (settings.line_api_base, settings.smtp_url))
    with Simulator(bots_of(settings, settings.public_url), port=port, mail_port=mail_port) as running:
        yield running.url


@contextmanager
def _service(env: Mapping[str, str]) -> Iterator[BaseProcess]:
    """The service in a process of its own, as `tsunagari serve` runs it."""
    child = multiprocessing.get_context("spawn").Process(target=_serve, args=(dict(env),), name="serve")
    child.start()
    try:
        yield child
    finally:
        child.terminate()
        child.join(15)
        if child.is_alive():
            child.kill()
            child.join()


def _serve(env: dict[str, str]) -> None:
    """Runs in the child. Its log goes to a file; it ends with its parent, however that one ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both: the parent ends us in order
    settings = Settings.from_env(env)
    folder = Path(settings.database_url.removeprefix("sqlite:///")).parent
    log_file = os.open(folder / "service.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(log_file, 2)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    run_service(settings)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _wait_until_ready(url: str, service: BaseProcess, folder: Path) -> None:
    end = time.monotonic() + READY_WITHIN
    with urllib3.PoolManager(retries=False, timeout=2) as http:
        while time.monotonic() < end and service.is_alive():
            try:
                if http.request("GET", f"{url}/readyz").status == 200:
                    return
            except urllib3.exceptions.HTTPError:
                pass
            time.sleep(0.05)
    raise Refused(
        "サービスが動き始めませんでした。",
        f"ようすは {folder / 'service.log'} にあります。--reset で最初から始められます。",
    )


def open_course(db: Database) -> Course:
    """A course of 鳥取市 whose code counts all of today; made where there is none."""
    now = db.clock().astimezone(TOKYO)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow = midnight + dt.timedelta(days=1)
    with db.work() as work:
        for course in courses.with_open_codes(work, "default"):
            if course.town == TOWN and course.valid_until >= tomorrow:
                return course
        return courses.create(
            work,
            "default",
            title=TITLE,
            town=TOWN,
            on=now.date(),
            place=PLACE,
            capacity=40,
            valid_from=midnight,
            valid_until=tomorrow + dt.timedelta(days=7),
        )


def _menus(settings: Settings) -> None:
    """Draw the rich menus and hang them on the stand-in's phone; it forgets them when it ends."""
    services = build(settings)
    try:
        install(services)
    finally:
        services.line.close()
        services.db.close()


def _welcome(phone: str, service: str, course: Course, people: Sequence[Member], env: Path) -> None:
    shown = env.relative_to(Path.cwd()) if env.is_relative_to(Path.cwd()) else env
    lines = [
        "[bold green]つながりが動いています。[/]  Tsunagari is running.",
        "",
        f"[bold]電話 Phone[/]        {phone}/",
        f"[bold]ハンドブック Web[/]  {service}/handbook",
        "",
        "[bold]やってみる Try[/]",
        " 1. 電話を開き、「はなこ」で友だち追加を押します。  Open the phone and add the friend.",
        f" 2. [bold yellow]{course.readable_code}[/] と送ると、サポーター登録が始まります。  Send this registration code.",
        " 3. メニューの「気になる人がいる」を押してみます。  Report a concern from the menu.",
        " 4. 下の受信箱にサインインして、受け付けます。  Sign in at the desk below and accept it.",
        "",
        f"[bold]受信箱 Desk[/]       {service}/desk",
        *(
            f" {each.name}  ID [bold yellow]{each.login}[/]  パスワード password [bold yellow]{each.password}[/]\n"
            f"   サインインで聞かれる6けたの数字 six digits:\n {phone}/authenticator?key={each.key}"
            for each in people
        ),
        f"[bold]メール Mail[/]       {phone}/mail  （窓口に届くメール）",
        "",
        "[bold]職員の命令 Staff commands[/]（別の端末で in another terminal）",
        f" set -a; . {shown}; set +a",
        ' .venv/bin/tsunagari broadcast send --text "雪の日は声をかけあいましょう" --to role=supporter --yes',
        " .venv/bin/tsunagari concern list",
        f" .venv/bin/tsunagari course poster {course.id} --out poster.pdf",
    ]
    output.console().print(Panel("\n".join(lines), border_style="green", expand=False))
    output.say("準備ができました。Ctrl-C で止まります。 Ready - press Ctrl-C to stop.", output.GOOD)
