"""`tsunagari channel …`: LINE official accounts that are added, changed and switched off while the service runs.

Secrets come from a prompt, from standard input or from a file: on the command line everybody on the machine could read
them, and the shell would remember them.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.channels import NAME, channel_of, plan_of
from bot.cli import output
from bot.cli.check import at_line
from bot.cli.house import House, open_house
from bot.cli.output import Refused
from bot.line.client import LineClient
from bot.settings import DEFAULT_CHANNEL, LOGIN_ID, PRINTABLE, Channel, Settings
from storage import audit, channels, switches
from storage.channels import Account, Added
from storage.work import Work

app = typer.Typer(no_args_is_help=True, help="LINE公式アカウント（動かしたまま加える・とめる）")

SECRET, TOKEN, LOGIN_SECRET = (
    "チャネルシークレット",
    "チャネルアクセストークン（長期）",
    "LINEログインのチャネルシークレット",
)
SEES_IT_SOON = "動いているサービスは、数秒のうちに気づきます（再起動は要りません）。"

Name = Annotated[str, typer.Argument(metavar="名前", help="チャネルの名前。ふつうは市町のキー。例: iwami")]
Json = Annotated[bool, typer.Option("--json", help="JSONで出す。")]
Yes = Annotated[bool, typer.Option("--yes", help="実行する（付けないと下見だけ）。")]
Offline = Annotated[bool, typer.Option("--offline", help="LINEに確かめない。")]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="ファイル", help="秘密を1行に1つずつ書いたファイル。- なら標準入力。"),
]


@dataclass(frozen=True)
class Office:
    """An opened house, and which of its channels stand in the environment."""

    house: House
    fixed: Mapping[str, Channel]

    def webhook(self, name: str) -> str:
        path = "/callback" if name == DEFAULT_CHANNEL else f"/callback/{name}"
        return self.house.settings.public_url + path

    def towns(self, name: str) -> str:
        plan = plan_of(self.house.content, name, "")  # also of one that was added a moment ago
        return "・".join(self.house.content.town(key).name for key in plan.towns) if plan else "－"


@contextmanager
def _office() -> Iterator[Office]:
    settings = Settings.from_env()
    with open_house(settings) as house:
        yield Office(house, settings.channels)


@app.command()
def add(
    name: Name,
    login_id: Annotated[
        str | None, typer.Option("--login-id", help="同じプロバイダーのLINEログインのチャネルID（数字）。")
    ] = None,
    source: From = None,
    offline: Offline = False,
) -> None:
    """LINE公式アカウントを加えます。サービスは動かしたままで大丈夫です。

    チャネルシークレットとアクセストークンは、聞かれたら貼ってください（画面には出ません）。

    例: tsunagari channel add iwami

    例: tsunagari channel add iwami --from himitsu.txt
    """
    if not NAME.fullmatch(name):
        raise typer.BadParameter("名前は、英小文字と数字と _ - で32文字までです。例: iwami")
    if login_id is not None and not LOGIN_ID.fullmatch(login_id):
        raise typer.BadParameter("--login-id は、LINE Developers に出ている数字です。")
    with _office() as office:
        _must_serve_a_town(office, name)
        with office.house.db.look() as work:
            if channels.get(work, name):
                raise Refused(
                    f"チャネル「{name}」は、もうあります。",
                    f"トークンを取りかえるなら tsunagari channel token {name}、また使うなら channel enable {name} です。",
                )
        labels = (SECRET, TOKEN) if login_id is None else (SECRET, TOKEN, LOGIN_SECRET)
        secret, token, *login_secret = _secrets(labels, source)
        account = Account(name, secret, token, login_id, *login_secret)
        account = account if offline else _checked(office, account)
        with office.house.db.work() as work:
            if not channels.add(work, account):
                raise Refused(f"チャネル「{name}」は、いまほかの人が加えました。")
            _note(work, "add", name)
        output.say(f"チャネル「{name}」を加えました（{office.towns(name)}）。{SEES_IT_SOON}", output.GOOD)
        _say_environment(office, name)
        output.say(f"LINE Developers の Webhook URL: {office.webhook(name)}")
        output.say("「Webhookの利用」と「Webhookの再送」を入れ、「検証」を押してください。", output.QUIET)
        output.say(f"メニューを入れる: tsunagari richmenu install --channel {name} --yes", output.QUIET)


@app.command("list")
def list_(json: Json = False) -> None:
    """LINE公式アカウントの一覧（秘密は出ません）。

    例: tsunagari channel list --json
    """
    with _office() as office:
        found = _all(office)
        if json:
            output.as_json([_facts(office, name, row) for name, row in found.items()])
            return
        output.table(
            "LINE公式アカウント",
            ("名前", "市町", "LINEのID", "設定", "状態", "加えた日時"),
            (
                (
                    name,
                    office.towns(name),
                    _basic_id(office, name),
                    _where(office, name, row),
                    _state(row),
                    output.moment(row.added_at) if row else "－",
                )
                for name, row in found.items()
            ),
        )


@app.command()
def show(name: Name, json: Json = False) -> None:
    """1つのアカウントの様子。

    例: tsunagari channel show iwami
    """
    with _office() as office:
        found = _all(office)
        if name not in found:
            output.unknown("チャネル", name, found)
        row = found[name]
        with office.house.db.look() as work:
            rests = switches.paused_channels(work).get(name)
        if json:
            output.as_json(_facts(office, name, row) | {"sending_rests": rests})
            return
        output.fields(
            {
                "名前": name,
                "市町": office.towns(name),
                "LINEのID": _basic_id(office, name) or None,
                "設定": _where(office, name, row),
                "状態": _state(row),
                "送信": f"休み（{rests}）" if rests else "休んでいません",
                "Webhook URL": office.webhook(name),
                "加えた日時": output.moment(row.added_at) if row else None,
            }
        )


@app.command()
def token(
    name: Name,
    secret: Annotated[
        bool, typer.Option("--secret", help="チャネルシークレットも取りかえる（先に聞きます）。")
    ] = False,
    source: From = None,
    offline: Offline = False,
) -> None:
    """アクセストークンを、新しく発行したものに取りかえます。

    例: tsunagari channel token iwami
    """
    with _office() as office:
        before = _opened(office, name)
        fresh = _secrets((SECRET, TOKEN) if secret else (TOKEN,), source)
        account = replace(before, token=fresh[-1], secret=fresh[0] if secret else before.secret)
        account = account if offline else _checked(office, account)
        with office.house.db.work() as work:
            channels.change(work, account)
            switches.resume_channel(work, name)  # it may rest because LINE refused the old one
            _note(work, "token", name)
        output.say(f"チャネル「{name}」のトークンを取りかえました。{SEES_IT_SOON}", output.GOOD)
        _say_environment(office, name)


@app.command()
def disable(name: Name, yes: Yes = False) -> None:
    """アカウントを使うのをやめます（受けとらず、送りません。登録した人や連絡は残ります）。

    例: tsunagari channel disable iwami --yes
    """
    with _office() as office:
        if _row(office, name).disabled_at is not None:
            raise Refused(f"チャネル「{name}」は、もう使っていません。")
        if not yes:
            output.not_yet(
                [
                    f"チャネル「{name}」（{office.towns(name)}）を使うのをやめます。待っているお知らせも送りません。"
                ],
                "同じ命令に --yes を付けてください。",
            )
            return
        with office.house.db.work() as work:
            channels.disable(work, name)
            _note(work, "disable", name)
        output.say(f"チャネル「{name}」を使うのをやめました。{SEES_IT_SOON}", output.GOOD)
        _say_environment(office, name)


@app.command()
def enable(name: Name) -> None:
    """やめていたアカウントを、また使います。

    例: tsunagari channel enable iwami
    """
    with _office() as office:
        if _row(office, name).disabled_at is None:
            raise Refused(f"チャネル「{name}」は、使っています。")
        _must_serve_a_town(office, name)
        with office.house.db.work() as work:
            channels.enable(work, name)
            _note(work, "enable", name)
        output.say(f"チャネル「{name}」を、また使います。{SEES_IT_SOON}", output.GOOD)


def _must_serve_a_town(office: Office, name: str) -> None:
    content = office.house.content
    if plan_of(content, name, "") is None:
        meant = output.nearest(name, (*content.towns, *content.channels))
        raise Refused(
            f"「{name}」は、市町のキーでも content/channels.yaml のチャネルでもないので、受けもつ市町が分かりません。",
            (f"「{meant}」ですか？ " if meant else "")
            + "いくつかの市町で使うアカウントなら、先に content/channels.yaml に書いて、サービスを再起動してください。",
        )


def _secrets(labels: Sequence[str], source: str | None) -> list[str]:
    """So many secrets: typed unseen at a terminal, else one in each line."""
    if source is None and sys.stdin.isatty():
        given = [typer.prompt(label, hide_input=True).strip() for label in labels]
    else:
        given = [line.strip() for line in _text(source).splitlines() if line.strip()]
    wanted = "、".join(labels)
    if len(given) != len(labels):
        raise Refused(f"秘密が {len(given)} 行あります。", f"1行に1つずつ、この順で: {wanted}")
    for label, value in zip(labels, given, strict=True):
        if not PRINTABLE.fullmatch(value):
            raise Refused(f"{label}に、使えない文字が入っています。", "もう一度、全体を写してください。")
    return given


def _text(source: str | None) -> str:
    if source in (None, "-"):
        return sys.stdin.read()
    try:
        return Path(str(source)).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        raise Refused(f"{source} を読めません（{type(trouble).__name__}）。") from trouble


def _checked(office: Office, account: Account) -> Account:
    """With the basic id that LINE names for this token; refused where LINE does not know it."""
    name = account.channel
    client = LineClient({name: channel_of(account)}, office.house.settings.line_api_base)
    try:
        said = at_line(client, name)
    finally:
        client.close()
    if not said.ok:
        raise Refused(
            f"LINEに断られたか、つながりませんでした（{said.words}）。",
            "確かめずに入れるなら --offline です。",
        )
    output.say(f"LINEで確かめました: {said.words}", output.GOOD)
    plan = office.house.content.channels.get(name)
    if plan and plan.basic_id and plan.basic_id != said.basic_id:
        output.say(f"content のIDは {plan.basic_id} です。ちがうアカウントではありませんか？", output.WARN)
    return replace(account, basic_id=said.basic_id)


def _say_environment(office: Office, name: str) -> None:
    if name in office.fixed:
        output.say(
            f"環境変数にも「{name}」があります。それがあるあいだは、環境変数のほうを使います。", output.WARN
        )


def _all(office: Office) -> dict[str, Added | None]:
    """Every channel by name; None for those that stand in the environment alone."""
    with office.house.db.look() as work:
        rows = {row.channel: row for row in channels.listed(work)}
    return {name: rows.get(name) for name in sorted({*rows, *office.fixed})}


def _row(office: Office, name: str) -> Added:
    with office.house.db.look() as work:
        row = channels.get(work, name)
    if row is None and name in office.fixed:
        raise Refused(
            f"チャネル「{name}」は環境変数で設定されています。", "環境変数を変えて、再起動してください。"
        )
    if row is None:
        output.unknown("チャネル", name, [each for each, found in _all(office).items() if found])
    return row


def _opened(office: Office, name: str) -> Account:
    row = _row(office, name)
    if row.account is None:
        raise Refused(f"チャネル「{name}」の秘密を、いまの鍵では開けません。")
    return row.account


def _facts(office: Office, name: str, row: Added | None) -> dict[str, Any]:
    plan = office.house.content.channels.get(name)
    return {
        "name": name,
        "towns": list(plan.towns) if plan else [],
        "basic_id": _basic_id(office, name),
        "set_in": "environment" if name in office.fixed else "database",
        "enabled": name in office.house.settings.channels,
        "webhook_url": office.webhook(name),
        "added_at": row.added_at if row else None,
        "disabled_at": row.disabled_at if row else None,
    }


def _basic_id(office: Office, name: str) -> str:
    plan = office.house.content.channels.get(name)
    return plan.basic_id if plan else ""


def _where(office: Office, name: str, row: Added | None) -> str:
    if name not in office.fixed:
        return "データベース"
    return "環境変数" if row is None else "環境変数（データベースより先）"


def _state(row: Added | None) -> str:
    if row is not None and row.account is None:
        return "鍵がなく、開けません"
    return "使っています" if row is None or row.disabled_at is None else "やめています"


def _note(work: Work, deed: str, name: str) -> None:
    audit.note(work, f"cli:{getpass.getuser()}"[:64], deed, "channel", name, name)
