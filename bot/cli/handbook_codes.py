"""`tsunagari handbook qr|tags|tag`: printed codes that lead to the handbook, and what their tags stand for."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import poster
from bot.cli import output
from bot.cli.course_house import BasicId
from bot.cli.house import House, open_house
from bot.cli.output import Refused
from bot.cli.segment import language_names, town_names
from bot.cli.supporter_house import Json, Town, save, suffix_of, town_of
from bot.content.languages import JAPANESE
from bot.handbook import codes
from storage import handbook_tags
from storage.handbook_tags import LONGEST_NAME, Tag
from storage.work import Work

Medium = Annotated[
    str | None, typer.Option("--medium", metavar="名前", help="何にはるか。例: チラシ、シール")
]
Place = Annotated[str | None, typer.Option("--place", metavar="場所", help="どこにはるか。例: 駅前")]


def qr(
    tag: Annotated[
        str,
        typer.Option(
            "--tag", metavar="印", help="どこから来たかを数えるための印（小文字・数字・ハイフン）。"
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="ファイル", help="書き出す先（.png .svg .pdf のどれか）。")
    ],
    size: Annotated[
        str,
        typer.Option(
            "--size", help="code、sticker（4×6センチ）、sheet（シール16枚）、card、poster（A4）、poster-a3"
        ),
    ] = "sticker",
    way: Annotated[str, typer.Option("--for", help="web: ページを開く、line: LINEで始める")] = "web",
    medium: Medium = None,
    place: Place = None,
    town: Town = None,
    language: Annotated[
        str, typer.Option("--lang", help="紙とページのことば。例: en、やさしい日本語")
    ] = JAPANESE,
    basic_id: BasicId = None,
) -> None:
    """お悩みハンドブックを開くQRコードを作ります。印ごとに、開いた数などを数えられます（だれかは分かりません）。

    はじめて使う印は、ここで登録されます。同じ印は、同じ物・同じ場所にだけ使ってください。

    例: tsunagari handbook qr --tag spray --medium 虫よけスプレー --place 駅前 --size sheet --out spray.pdf
    """
    suffix = suffix_of(out, codes.DRAWN)
    wanted = codes.SIZES.get(size)
    if wanted is None:
        output.unknown("大きさ", size, codes.SIZES)
    if way not in ("web", "line"):
        raise typer.BadParameter(f"「{way}」: web か line にしてください。")
    with open_house() as house:
        spoken = _language(house, language)
        with house.db.look() as work:
            found = _meant(house, work, tag, medium, place, town)
        url, address = _goal(house, found, way, spoken, basic_id)
        words = codes.words_for(house.content.said_in(spoken).texts, way, address)
        try:
            picture = codes.drawn(wanted, words, url, suffix)
        except codes.TooFine:
            raise Refused(
                "アドレスが長すぎて、この大きさでは読み取れません。",
                "--size を大きくするか、印を短くしてください。",
            ) from None
        except codes.NoLetters as missing:
            raise Refused(
                f"このことばの文字（{str(missing)[:10]} など）の書体が、このコンピューターにありません。",
                "その文字の書体（Noto Sans CJK など）を入れると、作れます。",
            ) from None
        save(out, picture)
        with house.db.work() as work:
            handbook_tags.keep(work, found)
    output.say(f"{out} に書き出しました（{wanted.name}）。", output.GOOD)
    output.say(f"開くところ: {url}")
    if way == "web" and not house.settings.public_url.startswith("https://"):
        output.warn("PUBLIC_URL が https:// で始まっていません。このまま刷ると、町の外からは開けません。")


def _language(house: House, word: str) -> str:
    return output.one_of("ことば", word, language_names(house.content))


def _meant(
    house: House, work: Work, word: str, medium: str | None, place: str | None, town: str | None
) -> Tag:
    """The tag with what was said of it; refused where it stands for something else already."""
    told = {"medium": _name(medium), "spot": _name(place), "town": town_of(house, town) or ""}
    given = {name: value for name, value in told.items() if value}
    found = handbook_tags.get(work, _tag(word)) or Tag(word)
    here = asdict(found)
    if any(here[name] and here[name] != value for name, value in given.items()):
        raise Refused(
            f"「{word}」は、もうほかのこと（{_said(house, found)}）に使われています。",
            f"別の印にするか、tsunagari handbook tag {word} で直してください。",
        )
    return replace(found, **given)


def _tag(word: str) -> str:
    if not handbook_tags.is_one(word):
        raise typer.BadParameter(
            f"「{word}」: 小文字のアルファベット・数字・ハイフン（-）で、32文字までにしてください"
            f"（{handbook_tags.UNKNOWN} は使えません）。例: spray-ekimae"
        )
    return word


def _name(text: str | None) -> str:
    name = " ".join((text or "").split())
    if len(name) > LONGEST_NAME:
        raise typer.BadParameter(f"「{name[:10]}…」は長すぎます（{LONGEST_NAME}文字まで）。")
    return name


def _goal(house: House, tag: Tag, way: str, language: str, basic_id: str | None) -> tuple[str, str]:
    """Where the code leads, and what somebody types instead."""
    if way == "web":
        page = f"{house.settings.public_url}/h/{tag.tag}"
        asked = "" if language == JAPANESE else f"?lang={language}"
        return page + asked, page.removeprefix("https://").removeprefix("http://")
    channel = house.channel_of((tag.town,) if tag.town else (), None)
    plan = house.content.channels.get(channel)
    account = basic_id or (plan.basic_id if plan else None)
    if not account:
        raise Refused(
            "LINE公式アカウントのID（@…）が分かりません。",
            "--basic-id か content/channels.yaml に書いてください。",
        )
    typed = house.content.texts.get("handbook_code.line_text", tag=tag.tag)
    return poster.chat_url(account, typed), f"LINE ID: {account}"


def _said(house: House, tag: Tag) -> str:
    names = (tag.medium, tag.spot, town_names(house.content).get(tag.town, tag.town))
    return "・".join(name for name in names if name) or "説明なし"


def tags(json: Json = False) -> None:
    """QRコードとリンクの印の一覧。

    例: tsunagari handbook tags
    """
    with open_house() as house:
        with house.db.look() as work:
            found = handbook_tags.listed(work)
        towns = town_names(house.content)
    if json:
        output.as_json([_facts(each) for each in found])
        return
    rows = ((each.tag, each.medium, each.spot, towns.get(each.town, each.town)) for each in found)
    output.table(
        "印（QRコードとリンク）",
        ("印", "何に", "どこに", "市町"),
        rows,
        empty="まだありません。tsunagari handbook qr で作れます。",
    )


def _facts(tag: Tag) -> dict[str, Any]:
    return {"tag": tag.tag, "medium": tag.medium, "place": tag.spot, "town": tag.town or None}


def tag_(
    tag: Annotated[str, typer.Argument(metavar="印", help="小文字・数字・ハイフン。例: spray")],
    medium: Medium = None,
    place: Place = None,
    town: Town = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="印をやめる（これから来た人は「その他」に数えます）。")
    ] = False,
) -> None:
    """リンクの印を1つ登録する、説明を直す、またはやめます。数えた数は残ります。

    例: tsunagari handbook tag koho-12 --medium 広報12月号 --town 鳥取市
    """
    with open_house() as house, house.db.work() as work:
        word = _tag(tag)
        if remove:
            if not handbook_tags.drop(work, word):
                output.unknown("印", word, (each.tag for each in handbook_tags.listed(work)))
            output.say(f"「{word}」をやめました。", output.GOOD)
            return
        told = {"medium": _name(medium), "spot": _name(place), "town": town_of(house, town) or ""}
        before = handbook_tags.get(work, word) or Tag(word)
        kept = replace(before, **{name: value for name, value in told.items() if value})
        handbook_tags.keep(work, kept)
        output.say(f"「{word}」を登録しました（{_said(house, kept)}）。", output.GOOD)
        output.say(f"リンク: {house.settings.public_url}/h/{word}")


def add_to(app: typer.Typer) -> None:
    """`handbook qr`, `tags` and `tag`."""
    app.command("qr")(qr)
    app.command("tags")(tags)
    app.command("tag")(tag_)
