"""The words in which `tsunagari route …` tells a rule and a gap to the person who keeps the tables."""

from __future__ import annotations

from bot.cli import output
from bot.content.library import Content
from bot.content.places import Step
from bot.content.route_lint import Gap, Spot
from bot.desk import wording

DAYS = {
    "weekday": "平日の昼",
    "weekday_night": "平日の夜",
    "saturday": "土曜日",
    "sunday": "日曜日",
    "holiday": "祝日",
    "year_end": "年末年始",
}
LEVELS = ("命の危険", "今日中", "数日のうち", "通常", "情報")

_IN_THE_TABLE = {  # what to look for in windows.yaml, behind the sentence that desks read, too
    "general": "fallback: true",
    "given_up": "active: false",
    "other_levels": "levels",
    "replaced": "replaced_by",
    "no_recipients": "recipients",
    "hours_unknown": "hours",
    "own": "kinds",
    "shared": "kinds",
    "night": "after_hours_desk",
    "night_by_phone": "recipients",
    "night_given_up": "active: false",
    "night_nobody": "after_hours_desk",
}

_GAPS = {  # what is wrong, and what to do about it
    "no_general": (
        "総合の窓口がありません。この市町の連絡は、行き先がありません。",
        "窓口のどれか1つに fallback: true と書いてください。",
    ),
    "no_recipient": (
        "連絡を受けとるメールの宛先がありません。",
        'recipients: ["係のメールアドレス"] を書いてください（windows.yaml）。',
    ),
    "only_noreply": (
        "宛先が、だれも読まない送信専用のアドレスだけです。",
        "recipients に、係の人が毎日ひらくアドレスを書いてください。",
    ),
    "only_bounced": (
        "宛先のどれにもメールが届かず、戻ってきました。",
        "recipients に、いま使われているアドレスを書いてください。",
    ),
    "never_opens": (
        "この先、開く日がありません。",
        "hours の valid_to や days を直すか、なくなった窓口なら active: false と書いてください。",
    ),
    "closed_long": (
        "2週間より長く閉まっています。",
        "hours を確かめてください（valid_from、closed_dates）。",
    ),
    "does_not_read": (
        "宛先がないので、連絡は市町の総合の窓口が読みます。この窓口は電話の相談先として出ます。",
        "この窓口が自分で読むなら、recipients を書いてください。このままでもよいです。",
    ),
    "no_night": (
        "閉まっている時間に急ぐ連絡（L0・L1）が来たとき、だれを頼ればよいか書かれていません。",
        "after_hours_desk（代わりに読む窓口）か after_hours（案内の文）を書いてください。",
    ),
    "night_does_not_read": (
        "時間外の窓口ですが、宛先がないので、そこでは読まれません。",
        "recipients を書いてください。",
    ),
    "dead_reference": (
        "{about} は、もう使われていない窓口です。",
        "いまの窓口のキーに書きかえるか、その行を消してください。",
    ),
    "noreply": (
        "{about} 番目は、だれも読まない送信専用のアドレスです。",
        "人が読むアドレスに書きかえてください。",
    ),
    "bounced": (
        "{about} 番目に送ったメールが戻ってきました。",
        "いま使われているアドレスに書きかえてください。",
    ),
    "not_verified": (
        "{verified_at} から確認されていません（半年より前）。",
        "内容を確かめて、verified_at に今日の日付を書いてください。",
    ),
    "verified_in_future": (
        "verified_at が、まだ来ていない日（{verified_at}）です。",
        "実際に確かめた日を書いてください。",
    ),
    "no_phone": ("電話番号が分かりません。", "phone を書いてください。"),
    "no_hours": (
        "開いている時間が分かりません。",
        "hours を書いてください。ないあいだは、いつ読まれるかを約束できません。",
    ),
    "unreached": (
        "開いている窓口ですが、どの連絡も案内もここに来ません。",
        "kinds を確かめてください。同じ種類を受け持つ窓口が先にあると、ここには来ません。"
        "なくなった窓口なら active: false と書いてください。",
    ),
    "never_reads": (
        "宛先がありますが、どの連絡もほかの窓口が先に受けとります。ここに届くのは引き継ぎだけです。",
        "それでよければ、このままでかまいません。",
    ),
}


def of_step(step: Step, content: Content) -> str:
    """One step of a rule as a sentence, desks by their names, with where it stands in the table."""
    said = str(wording.route_step(content, step.key, step.params, output.moment))
    column = _IN_THE_TABLE.get(step.key)
    return f"{said.removesuffix('。')}（{column}）。" if column else said


def of_gap(gap: Gap, content: Content) -> tuple[str, str]:
    """What is missing where, and what helps."""
    desk = content.windows_by_key.get(gap.desk or "")
    town = content.towns.get(gap.town or "")
    name = f"{desk.name}（{desk.key}）" if desk else town.name if town else (gap.desk or gap.town or "")
    wrong, helps = _GAPS[gap.problem]
    wrong = wrong.format(about=gap.about, verified_at=desk.verified_at if desk else "")
    return f"{name}: {wrong}", helps


def of_example(gap: Gap, content: Content) -> str:
    """How many combinations a gap touches, and one of them; empty where it touches none."""
    if gap.example is None:
        return ""
    return f"{gap.combinations:,} 通り。例: {of_spot(gap.example, content)}"


def of_spot(spot: Spot, content: Content) -> str:
    town, kind = content.towns[spot.town].name, content.concern_kinds[spot.kind].label
    return f"{town}・「{kind}」・L{spot.level}・{DAYS[spot.day]}（{output.moment(spot.at)}）"
