"""`tsunagari db backup`, `db restore`: everything in one encrypted file, and back from it."""

from __future__ import annotations

import contextlib
import datetime as dt
import getpass
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from bot.cli import output
from bot.cli.house import has_database
from bot.cli.key import sealing_settings
from bot.cli.output import Refused
from bot.settings import BadSettings, Settings
from storage import audit, staff
from storage import restore as restoring
from storage.backup import Contents, check, write
from storage.backup_file import BadBackup
from storage.crypto import UNKNOWN, Cipher, cipher_from, keys_from
from storage.database import WrongKeys, check_durable, new_engine, open_database
from storage.migrate import pending
from storage.schema import new_id

KEY = "TSUNAGARI_BACKUP_KEY"
PAUSED = "控えから復元しました（{at} 時点）。同じお知らせが二度届かないよう、送信を止めています。"
RESUME = "tsunagari db sending --resume --drop-waiting --yes"
WHY = {
    "not_ours": ("tsunagari の控えではありません。", None),
    "no_key": ("この控えは、ここにない鍵「{what}」で守られています。", f"{KEY} にその鍵を加えてください。"),
    "wrong_key": (
        "鍵「{what}」では開けません。鍵がちがうか、ファイルの先頭がこわれています。",
        f"{KEY} を確かめてください。",
    ),
    "damaged": ("控えがこわれています（{what}）。", "別の控えを使ってください。"),
    "cut_off": ("控えが途中で切れています。", "コピーの途中だったのかもしれません。もう一度写してください。"),
    "newer": (
        "この控えは、より新しい tsunagari で作られています（{what}）。",
        "その版か、より新しい版で復元してください。",
    ),
    "strange": (
        "この控えの表「{what}」は、この tsunagari の形と合いません。",
        "作ったときの版で復元してください。",
    ),
}

File = Annotated[Path, typer.Argument(help="控えのファイル。", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="JSONで出す。")]


def backup(
    file: File,
    only_check: Annotated[
        bool, typer.Option("--check", help="作らずに、ある控えを最後まで読んで確かめる。")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="同じ名前のファイルがあれば置きかえる。")] = False,
    json: Json = False,
) -> None:
    """データベースの控え（バックアップ）を、暗号化した1つのファイルに作ります。動かしたまま行えます。

    守る鍵は TSUNAGARI_BACKUP_KEY です（tsunagari key new --backup で作る）。SQLite にも PostgreSQL にも復元できます。

    例: tsunagari db backup /srv/backup/tsunagari-1201.backup
    """
    settings = sealing_settings()
    keys = _backup_keys(settings)
    if only_check:
        _show(_checked(file, keys), file, json, "最後まで読めました。こわれていません。")
        return
    if file.exists() and not force:
        raise Refused(f"{file} はもうあります。", "別の名前にするか、--force を付けてください。")
    if not file.absolute().parent.is_dir() or file.is_dir():
        raise Refused(
            f"{file} には書けません。", "ある（既存の）フォルダーの中の、ファイルの名前にしてください。"
        )
    if not has_database(settings.database_url):
        raise Refused("データベースがまだありません。", "DATABASE_URL を確かめてください。")
    cipher, backup_id = cipher_from(settings.keys), new_id()
    engine = new_engine(settings.database_url)
    try:
        check_durable(engine)
        if not pending(engine):  # before a release is put in, an older database is backed up as it is
            _note(settings, cipher, backup_id)
        with _whole_or_not_at_all(file) as out:
            made = write(engine, out, keys, dt.datetime.now(dt.UTC), backup_id)
    finally:
        engine.dispose()
    _show(made, file, json, f"{file} に控えを作りました。")
    if strangers := _missing(made, cipher):
        output.warn(
            f"TSUNAGARI_KEYS にない鍵で守られた値があります: {'、'.join(strangers)}。読めなくなるおそれがあります。"
        )


def restore(
    file: File,
    yes: Annotated[bool, typer.Option("--yes", help="実行する（付けないと下見だけ）。")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="SQLiteにデータがあれば、別の名前で残して置きかえる。")
    ] = False,
    json: Json = False,
) -> None:
    """控えから、空のデータベースに復元します。途中で止まっても、半分だけ戻ることはありません。

    復元のあと送信は止まっています。職員は入りなおし、届いていた一度きりのリンクは使えなくなります。

    例: tsunagari db restore /srv/backup/tsunagari-1201.backup --yes
    """
    settings = sealing_settings()
    keys, cipher = _backup_keys(settings), cipher_from(settings.keys)
    found = _checked(file, keys, cipher)
    if missing := _missing(found, cipher):
        raise Refused(
            f"この控えの個人情報は、ここにない鍵で守られています: {'、'.join(missing)}",
            "TSUNAGARI_KEYS のいまの鍵のうしろに、その鍵を加えてください。",
        )
    sqlite = settings.database_url.startswith("sqlite:")
    target = restoring.state_of(settings.database_url)
    aside = target == "full" and replace and sqlite
    way_out = None
    if target == "full" and not aside:
        way_out = (
            "--replace を付けると、いまのファイルを別の名前で残して置きかえます。"
            if sqlite
            else "新しい空のデータベースを作り、DATABASE_URL をそこに向けてください。"
        )
    if not yes:
        _preview(found, file, target, aside, way_out, json)
        return
    if way_out:
        raise Refused("復元先のデータベースにはデータがあります。", way_out)
    kept = _restore(settings.database_url, file, keys, cipher, found, aside)
    if json:
        output.as_json({**_facts(found), "restored": True, "kept": None if kept is None else str(kept)})
        return
    output.say(f"{found.rows:,} 行を復元し、控えと同じであることを確かめました。", output.GOOD)
    if kept is not None:
        output.say(f"前のデータベースは {kept} に残しました。要らなくなったら消してください。")
    output.say(
        "送信は止めています。お知らせの様子（tsunagari broadcast list）を見てから再開してください。",
        output.WARN,
    )
    output.say(f"再開: {RESUME}")


def _restore(
    url: str, file: Path, keys: Mapping[str, bytes], cipher: Cipher, found: Contents, aside: bool
) -> Path | None:
    """Where the database that was there before is kept now; None where there was none."""
    now = dt.datetime.now(output.TOKYO)
    given: dict[str, Any] = {"actor": _me(), "why_paused": PAUSED.format(at=output.moment(found.head.at))}
    try:
        if not aside:
            restoring.restore(url, lambda: file.open("rb"), keys, cipher, now, **given)
            return None
        with restoring.set_aside(url, now) as (fresh, kept):
            restoring.restore(fresh, lambda: file.open("rb"), keys, cipher, now, **given)
        return kept
    except restoring.NotEmpty:
        raise Refused("復元先のデータベースにはデータがあります。") from None
    except restoring.InUse:
        raise Refused(
            "データベースが使われています。", "サービス（serve、work）を止めてから、もう一度行ってください。"
        ) from None
    except restoring.DoesNotFit as bad:
        raise Refused(f"控えの中に、このデータベースには入らない行があります（{bad}）。") from None
    except BadBackup as bad:
        raise _refusal(bad) from None


def _backup_keys(settings: Settings) -> dict[str, bytes]:
    """Another key than those of the data: whoever keeps the backups cannot read what is sealed in them."""
    if not settings.backup_key:
        raise BadSettings(f"{KEY} is not set; `tsunagari key new --backup` prints a key")
    keys = keys_from(settings.backup_key, KEY)
    if set(keys.values()) & set(keys_from(settings.keys).values()):
        raise BadSettings(f"{KEY} holds a key of TSUNAGARI_KEYS; `tsunagari key new --backup` prints another")
    return keys


def _checked(file: Path, keys: Mapping[str, bytes], cipher: Cipher | None = None) -> Contents:
    try:
        with file.open("rb") as opened:
            return check(opened, keys, cipher)
    except BadBackup as bad:
        raise _refusal(bad) from None
    except WrongKeys:
        raise Refused(
            "TSUNAGARI_KEYS の鍵では、この控えの個人情報を開けません。",
            "控えを作ったときの鍵を TSUNAGARI_KEYS に入れてください。",
        ) from None
    except OSError as trouble:
        raise Refused(f"{file} を読めません（{trouble.strerror}）。") from None


def _refusal(bad: BadBackup) -> Refused:
    text, hint = WHY[bad.trouble]
    return Refused(text.format(what=bad.what), hint)


def _missing(found: Contents, cipher: Cipher) -> list[str]:
    return [name for name in found.keys if name not in cipher.keys and name != UNKNOWN]


def _me() -> str:
    return f"cli:{getpass.getuser()}"[:64]


def _note(settings: Settings, cipher: Cipher, backup_id: str) -> None:
    """Written down before everything leaves the house, so that the backup knows of itself."""
    db = open_database(settings.database_url, cipher)
    try:
        with db.work() as work:
            audit.note(work, _me(), "backed_up", "database", backup_id, staff.HOUSE)
    finally:
        db.close()


@contextlib.contextmanager
def _whole_or_not_at_all(file: Path) -> Iterator[BinaryIO]:
    """For the one who asked alone; under its name only once it is on the disk."""
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
        folder = os.open(file.absolute().parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    except OSError as trouble:
        raise Refused(f"{file} に書けません（{trouble.strerror}）。") from None
    finally:
        part.unlink(missing_ok=True)


def _facts(found: Contents) -> dict[str, Any]:
    head = found.head
    tables = {name: {"rows": part.rows, "sha256": part.sha256} for name, part in found.parts.items()}
    about = {"id": head.id, "at": head.at, "revision": head.revision, "from": head.dialect}
    return {**about, "rows": found.rows, "keys": dict(found.keys), "tables": tables}


def _show(found: Contents, file: Path, json: bool, good: str) -> None:
    if json:
        output.as_json({"file": str(file), "bytes": file.stat().st_size, **_facts(found)})
        return
    output.say(good, output.GOOD)
    output.fields(_described(found, file))


def _described(found: Contents, file: Path) -> dict[str, Any]:
    filled = sum(1 for part in found.parts.values() if part.rows)
    return {
        "作った日時": output.moment(found.head.at),
        "形（版）": f"{found.head.revision}（{found.head.dialect}）",
        "中身": f"{found.rows:,} 行（{filled} の表）",
        "大きさ": f"{file.stat().st_size:,} バイト",
        "個人情報の鍵": "、".join(found.keys) or None,
    }


def _preview(found: Contents, file: Path, target: str, aside: bool, way_out: str | None, json: bool) -> None:
    if json:
        output.as_json({**_facts(found), "target": target, "restored": False})
        return
    there = {
        "absent": "まだありません（新しく作ります）。",
        "empty": "空です。",
        "full": "データがあります。"
        + ("別の名前で残して置きかえます。" if aside else "このままでは復元しません。"),
    }
    lines = [f"{name}: {value}" for name, value in _described(found, file).items()]
    output.not_yet(
        [*lines, f"復元先のデータベース: {there[target]}"], way_out or "同じ命令に --yes を付けてください。"
    )
