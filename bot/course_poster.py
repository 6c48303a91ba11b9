"""Two more sheets of A4 for a course: the one that invites people to sign up, and the one with the questionnaire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from bot import poster
from bot.fonts import width, write
from bot.poster import GREEN, INK, LEAF, MARGIN, PAGE, PAPER, QUIET, Words

TO_SIGN_UP = (
    ("QRコードを読み取る", "スマートフォンのカメラをかざします。"),
    ("「申し込む」を押す", "LINEでは、先に紙ひこうきの形のボタンで送ります。"),
    ("前の日に、お知らせが届く", "来られなくなったら、いつでも取り消せます。"),
)
TO_SIGN_UP_ON_THE_WEB = (
    ("QRコードを読み取る", "スマートフォンのカメラをかざします。"),
    ("お名前と連絡先を書く", "「申し込む」を押すと、お席がとれたかどうかが出ます。"),
    ("当日、会場へ", "来られなくなったら、いつでも取り消せます。"),
)
TO_ANSWER = (
    ("QRコードを読み取る", "スマートフォンのカメラをかざします。"),
    ("ボタンで答える", "質問は少しだけです。名前は書きません。"),
    ("「送る」を押す", "だれの答えかは、だれにも分かりません。"),
)


@dataclass(frozen=True)
class Way:
    """A QR code with what it is."""

    name: str
    url: str


def words_to_sign_up(
    title: str, label: str, facts: Sequence[tuple[str, str]], ways: int, phone: str
) -> Words:
    """What stands on the sheet that invites people."""
    steps = TO_SIGN_UP if ways > 1 else TO_SIGN_UP_ON_THE_WEB
    foot = f"お電話でも申し込めます。　{phone}" if phone else "参加費は無料です。だれでも申し込めます。"
    return Words(title, label, tuple(facts), steps, foot)


def words_to_answer(title: str, label: str) -> Words:
    """What stands on the sheet with the questionnaire."""
    return Words("アンケートのお願い", label, (("講座", title),), TO_ANSWER, "ご協力、ありがとうございます。")


def draw(words: Words, ways: Sequence[Way], address: str) -> Image.Image:
    """One QR code or two beside each other, and the address for those who type it."""
    sheet = Image.new("RGB", PAGE, PAPER)
    pen = ImageDraw.Draw(sheet)
    below = poster.facts(pen, words, poster.heading(pen, words)) + 60
    side = poster.side_left(words, below, 406, 1010 if len(ways) == 1 else 900)
    ends = below
    for place, way in enumerate(ways):
        middle = PAGE[0] * (2 * place + 1) / (2 * len(ways))
        write(pen, (middle, below + 40), way.name, 66, GREEN, bold=True, anchor="mm")
        ends = max(ends, poster.framed_qr(sheet, pen, way.url, (middle, below + 100), side))
    write(
        pen,
        (PAGE[0] / 2, ends + 70),
        "読み取れないときは、このアドレスを打ってください",
        48,
        QUIET,
        anchor="mm",
    )
    size = 84
    while width(address, size, bold=True) > PAGE[0] - 2 * MARGIN - 120 and size > 40:
        size -= 4
    wide = width(address, size, bold=True)
    left = (PAGE[0] - wide) / 2
    pen.rounded_rectangle((left - 60, ends + 110, left + wide + 60, ends + 250), radius=36, fill=LEAF)
    write(pen, (PAGE[0] / 2, ends + 180), address, size, INK, bold=True, anchor="mm")
    poster.steps(pen, words, ends + 250)
    poster.foot(pen, words)
    return sheet
