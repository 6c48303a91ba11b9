"""`tsunagari db columns`: every column of the database, why it is there, how it is guarded and how long it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from bot.cli import output
from storage.data_register import CLASSES, Class, Column, DataFile, Register, the_register

CLASS: dict[Class, str] = {"public": "公開", "internal": "内部", "personal": "個人", "secret": "秘密"}
HOW = {"sealed": "暗号化", "index": "鍵つきの値", "hash": "ハッシュ", None: "－"}

HEAD = """# データの一覧

この表は `storage/data_register.yaml` から作ります（`tsunagari db columns --markdown > docs/data.md`）。
データベースの列と合っていることを、テストが毎回確かめます。

章の1つが、町の **個人情報ファイル簿の1件分のもと** です。
ファイルの名前、利用目的、対象の人（記録範囲）、記録項目、保存期間がそのまま写せます。
担当の部署・集め方・要配慮個人情報の有無・外への提供先・開示などの窓口は、町が書き足してください。

外に持ち出されたと思われるときは、`tsunagari incident affected --since …` が、だれの何がだれに読まれたかを一覧にします。
"""

ERASING = """## 消すということ

- **すぐ**：「わたしのデータを消す」と `tsunagari supporter erase` は、その場で行を消し、送り待ちをやめ、
  連絡から「だれが書いたか」を消します。
- **SQLite のファイル**：消した所を0で上書きします（`secure_delete`。入っていなければ起動しません）。
  書き込みの記録（-wal）も、1分以内に空にします。
- **PostgreSQL のファイル**：個人・秘密の列のある表を、毎晩すべて書き直します
  （ふつうの VACUUM では、消した行の1割ほどがファイルに残りました）。
  大きすぎる表（500MB以上）や、使用中で書き直せなかった表は、ログに `nightly.not_rewritten` と出ます。
- **残るもの**：PostgreSQL の WAL と、バックアップです。どちらも個人・秘密の列は暗号文のままで、鍵がなければ読めません。
  WAL は使い回されるまで、バックアップは町の決めた日まで残ります。
  バックアップの鍵（`TSUNAGARI_BACKUP_KEY`）をときどき替えて古い鍵を捨てれば、古いバックアップは中身ごと読めなくなります。
- **復元**：古いバックアップを戻すと、そのあとに消した人も戻ります。
  戻したら、記録（`tsunagari audit list`）の `erased` を見て、消し直してください。
- **LINE**：こちらから送った言葉は、LINEのサーバーと本人の端末に残ります。ですから、連絡の中身は送りません。
"""


def columns(
    table: Annotated[str | None, typer.Option("--table", help="この表だけ。例: supporters")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="docs/data.md の形で出す。")] = False,
    json: Annotated[bool, typer.Option("--json", help="JSONで出す。")] = False,
) -> None:
    """データベースの列の一覧: 何のためか、区分、暗号化、保存期間。個人情報ファイル簿のもとになります。

    例: tsunagari db columns --table supporters
    """
    register = the_register()
    tables = [name for file in register.files for name in file.tables]
    if table is not None and table not in tables:
        output.unknown("表", table, tables)
    if markdown:
        typer.echo("\n".join(_page(register)).rstrip())
        return
    wanted = [column for column in register if table in (None, column.table)]
    if json:
        output.as_json([_facts(column) for column in wanted])
        return
    output.table(
        f"列の一覧（{len(wanted)}）",
        ("表", "列", "何のため", "区分", "守り方", "いつまで"),
        (
            (each.table, each.name, each.what, CLASS[each.klass], HOW[each.how], each.kept.words)
            for each in wanted
        ),
    )


def _facts(column: Column) -> dict[str, object]:
    return {
        "table": column.table,
        "column": column.name,
        "purpose": column.what,
        "class": column.klass,
        "guarded": column.how,
        "kept": column.kept.words,
        "executed_by": column.kept.by,
    }


# ---- docs/data.md ------------------------------------------------------------------------------------------


def _page(register: Register) -> Iterator[str]:
    yield HEAD
    yield "## 区分\n"
    for klass in CLASSES:
        count = sum(column.klass == klass for column in register)
        words = (
            register.classes[klass].replace("。 ", "。").partition("：")[2]
        )  # YAML folds lines with a space
        yield f"- **{CLASS[klass]}**（{count}列）：{words}"
    yield "\n## 守り方\n"
    for how, words in register.hows.items():
        yield f"- **{HOW[how]}**：{words}"
    yield f"\n{ERASING}"
    for number, file in enumerate(register.files, 1):
        yield from _file(number, file)


def _file(number: int, file: DataFile) -> Iterator[str]:
    yield f"## {number}. {file.title}\n"
    yield f"- 対象の人: {file.about}\n- 利用目的: {file.why}\n"
    for name, listed in file.tables.items():
        ordinary = listed[0].kept
        yield f"### `{name}`\n"
        yield f"保存期間: {ordinary.words}\n"
        yield "| 列 | 項目・目的 | 区分 | 守り方 | 保存期間（ちがうもの） |\n|---|---|---|---|---|"
        for each in listed:
            kept = "" if each.kept == ordinary else each.kept.words
            yield f"| `{each.name}` | {each.what} | {CLASS[each.klass]} | {HOW[each.how]} | {kept} |"
        yield ""
