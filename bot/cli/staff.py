"""`tsunagari staff …`: who works at which desk. An account is made here, and set up by its owner behind a link."""

from __future__ import annotations

import getpass
import re
from typing import Annotated, Any, get_args

import typer

from bot.cli import output
from bot.cli.house import House, open_house
from bot.cli.output import Refused
from storage import audit, sessions, staff, welcome
from storage.staff import LoginTaken, Role, Staff
from storage.work import Work

app = typer.Typer(no_args_is_help=True, help="窓口の職員のアカウント（追加・再設定・停止）")

ROLES = {"member": "担当", "leader": "係長", "department": "課長", "duty": "宿直"}
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
_MAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s.]{2,}")
LONGEST_NAME = 50

Json = Annotated[bool, typer.Option("--json", help="JSONで出す。")]
Login = Annotated[str, typer.Argument(metavar="ログインID", help="例: yamada")]
Windows = Annotated[
    list[str], typer.Option("--window", metavar="窓口", help="窓口のキーか名前。何回でも書けます。")
]
Yes = Annotated[bool, typer.Option("--yes", help="実行する（付けないと下見だけ）。")]


@app.command()
def add(
    login: Annotated[str, typer.Option("--login", help="ログインID（英小文字・数字・. _ -、2〜32文字）。")],
    name: Annotated[str, typer.Option("--name", help="名前。同僚に見えます。")],
    window: Windows,
    role: Annotated[str, typer.Option("--role", help="担当 係長 課長 宿直 のどれか。")] = "member",
    mail: Annotated[str | None, typer.Option("--mail", help="知らせを受けるメール。")] = None,
    json: Json = False,
) -> None:
    """アカウントを作り、本人に渡す設定用リンク（7日・1回だけ）を表示します。

    例: tsunagari staff add --login yamada --name 山田花子 --window tottori_chuo_jinken --role member
    """
    plain = staff.plain_login(login)
    if not _LOGIN.fullmatch(plain):
        raise Refused(
            f"「{login}」はログインIDにできません。", "英小文字・数字・. _ - で、2〜32文字にしてください。"
        )
    with open_house() as house:
        at, as_role, called = _windows(house, window), _role(role), _name(name)
        try:
            with house.db.work() as work:
                made = staff.add(work, login=plain, name=called, windows=at, role=as_role, mail=_mail(mail))
                code = welcome.invite(work, made.id)
                _note(work, "added", made)
        except LoginTaken:
            raise Refused(
                f"「{plain}」はもう使われています。",
                "ほかのログインIDにするか、tsunagari staff list で確かめてください。",
            ) from None
        _tell_link(house, made, code, json)


@app.command("list")
def list_(json: Json = False) -> None:
    """アカウントの一覧。

    例: tsunagari staff list --json
    """
    with open_house() as house:
        with house.db.look() as work:
            found = staff.listed(work)
        if json:
            output.as_json([_facts(each) for each in found])
            return
        names = _window_names(house)
        output.table(
            "窓口の職員",
            ("ログインID", "名前", "役割", "窓口", "状態", "メール", "最後のサインイン"),
            (
                (
                    each.login,
                    each.name,
                    ROLES[each.role],
                    "、".join(names.get(key, f"{key}（廃止）") for key in each.windows) or "なし",
                    _state(each),
                    each.mail,
                    output.moment(each.signed_in_at),
                )
                for each in found
            ),
            empty="まだいません。",
        )


@app.command()
def reset(login: Login, yes: Yes = False, json: Json = False) -> None:
    """パスワードや認証アプリをなくした人に、新しい設定用リンクを作ります。いまのサインインはすべて終わります。

    例: tsunagari staff reset yamada --yes
    """
    with open_house() as house:
        found = _find(house, login)
        if not found.active:
            raise Refused(
                f"「{found.login}」は停止しています。", f"先に tsunagari staff enable {found.login}"
            )
        if not yes:
            with house.db.look() as work:
                inside = len(sessions.of_staff(work, found.id))
            what = [
                f"{found.login}（{found.name}）のパスワード・認証アプリ・予備コードを消します。",
                f"いまのサインイン（{inside} か所）を終わらせ、新しい設定用リンクを作ります。",
            ]
            output.not_yet(what, f"tsunagari staff reset {found.login} --yes")
            return
        with house.db.work() as work:
            code = welcome.reset(work, found.id)
            _note(work, "reset", found)
        _tell_link(house, found, code, json)


@app.command()
def disable(login: Login, yes: Yes = False) -> None:
    """アカウントを止めます。サインイン中でも、すぐに使えなくなります。記録の名前は残ります。

    例: tsunagari staff disable yamada --yes
    """
    with open_house() as house:
        found = _find(house, login)
        if not found.active:
            output.say(f"{found.login} は、もう停止しています。", output.QUIET)
            return
        if not yes:
            with house.db.look() as work:
                alone = [key for key in found.windows if staff.of_window(work, key) == (found,)]
            names = _window_names(house)
            what = [f"{found.login}（{found.name}）を停止し、サインインをすべて終わらせます。"]
            what += [f"注意: 「{names.get(key, key)}」には、ほかに使える職員がいません。" for key in alone]
            output.not_yet(what, f"tsunagari staff disable {found.login} --yes")
            return
        with house.db.work() as work:
            welcome.close(work, found.id)
            _note(work, "disabled", found)
        output.say(f"{found.login} を停止しました。", output.GOOD)


@app.command()
def enable(login: Login) -> None:
    """停止したアカウントを、また使えるようにします（パスワードと認証アプリは前のまま）。

    例: tsunagari staff enable yamada
    """
    with open_house() as house:
        found = _find(house, login)
        with house.db.work() as work:
            staff.set_active(work, found.id, True)
            _note(work, "enabled", found)
        output.say(f"{found.login} を使えるようにしました。", output.GOOD)
        if found.ready_at is None:
            output.say(f"設定がまだです。リンクを作るには: tsunagari staff reset {found.login} --yes")


@app.command()
def windows(login: Login, window: Windows) -> None:
    """その人の窓口を、書いたものだけにします。

    例: tsunagari staff windows yamada --window tottori_chuo_jinken
    """
    with open_house() as house:
        found, at = _find(house, login), _windows(house, window)
        with house.db.work() as work:
            staff.set_windows(work, found.id, at)
            _note(work, "moved", found)
        names = _window_names(house)
        output.say(f"{found.login} の窓口: {'、'.join(names[key] for key in at)}", output.GOOD)


@app.command()
def change(
    login: Login,
    name: Annotated[str | None, typer.Option("--name", help="新しい名前。")] = None,
    role: Annotated[str | None, typer.Option("--role", help="担当 係長 課長 宿直 のどれか。")] = None,
    mail: Annotated[str | None, typer.Option("--mail", help="新しいメール。空（''）なら消します。")] = None,
) -> None:
    """名前・役割・メールを変えます。

    例: tsunagari staff change yamada --role 係長
    """
    if name is None and role is None and mail is None:
        raise typer.BadParameter("--name、--role、--mail のどれかを書いてください。")
    with open_house() as house:
        found = _find(house, login)
        as_role = _role(role) if role is not None else None
        with house.db.work() as work:
            if name is not None:
                staff.set_name(work, found.id, _name(name))
            if as_role is not None:
                staff.set_role(work, found.id, as_role)
            if mail is not None:
                staff.set_mail(work, found.id, _mail(mail))
            _note(work, "changed", found)
        output.say(f"{found.login} を変えました。", output.GOOD)


def _tell_link(house: House, found: Staff, code: str, json: bool) -> None:
    link = f"{house.settings.public_url}/desk/welcome#{code}"
    if json:
        output.as_json(_facts(found) | {"welcome_url": link})
        return
    output.say(f"{found.login}（{found.name}）の設定用リンクです。本人だけに渡してください（7日・1回だけ）。")
    output.say(link, output.GOOD)


def _note(work: Work, deed: str, found: Staff) -> None:
    audit.note(work, f"cli:{getpass.getuser()}"[:64], deed, "staff", found.id, staff.HOUSE)


def _find(house: House, login: str) -> Staff:
    with house.db.look() as work:
        found = staff.by_login(work, login)
        if found is None:
            output.unknown("ログインID", login, [each.login for each in staff.listed(work)])
    return found


def _window_names(house: House) -> dict[str, str]:
    return {each.key: each.name for each in house.content.windows}


def _windows(house: House, given: list[str]) -> list[str]:
    names = _window_names(house)
    return list(dict.fromkeys(output.one_of("窓口", word, names) for word in given))


def _role(word: str) -> Role:
    key = output.one_of("役割", word, ROLES)
    return next(role for role in get_args(Role) if role == key)


def _name(given: str) -> str:
    name = " ".join(given.split())
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise Refused(f"名前は1〜{LONGEST_NAME}文字にしてください。")
    return name


def _mail(given: str | None) -> str | None:
    if not given:
        return None
    if not _MAIL.fullmatch(given) or not given.isascii():
        raise Refused(f"「{given}」はメールアドレスとして正しくありません。")
    return given


def _state(found: Staff) -> str:
    if not found.active:
        return "停止"
    return "使える" if found.works else "設定待ち"


def _facts(found: Staff) -> dict[str, Any]:
    return {
        "id": found.id,
        "login": found.login,
        "name": found.name,
        "role": found.role,
        "windows": found.windows,
        "mail": found.mail,
        "active": found.active,
        "ready": found.ready_at is not None,
        "created_at": found.created_at,
        "signed_in_at": found.signed_in_at,
    }
