"""`tsunagari supporter waiting|approve|decline`: who came in by a code and waits for staff, or should be looked at."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import typer

from bot.cli import output
from bot.cli.house import House, open_house
from bot.cli.moments import read_moment
from bot.cli.output import Refused
from bot.cli.segment import town_names
from bot.cli.supporter_house import As, Channel, Json, actor
from bot.programme import approving, matching
from bot.programme.approving import CannotBeDone, Waiting
from storage import audit, courses, joinings, supporters
from storage.course_places import Place
from storage.joinings import Joining
from storage.supporters import Profile, Supporter, plain_name
from storage.work import Work

WHY = {
    "over_cap": "コードで登録した人が、定員より多い（コードが外に出たかもしれません）",
    "by_approval": "担当が確かめてから登録（講座でそう決めたか、そのときコードをさぐる人がいた）",
    "not_on_roster": "講座の名簿に、この名前がない",
    "same_name": "名簿に同じ名前の人がいる（同じ人か、確かめてください）",
    "other_phone": "同じ人が、別のLINEでも登録している",
    "declined_before": "前に登録を取りやめた人",
}
ALIKE = 5  # of one course, for one reason: more of them are summed up
STATUS = {"waiting": "登録待ち", "joined": "登録済み", "declined": "取りやめ"}

Ids = Annotated[list[str] | None, typer.Argument(metavar="ID", help="waiting で出るID。いくつでも。")]
CourseId = Annotated[str | None, typer.Option("--course", metavar="ID", help="この講座の人、みんな。")]
Yes = Annotated[bool, typer.Option("--yes", help="実行する（付けないと下見だけ）。")]


def waiting(
    course: CourseId = None,
    everybody: Annotated[bool, typer.Option("--all", help="全員（--course といっしょに）。")] = False,
    names: Annotated[
        bool, typer.Option("--names", help="氏名も出す（--as が必要、記録に残ります）。")
    ] = False,
    who: As = None,
    channel: Channel = None,
    json: Json = False,
) -> None:
    """確かめを待つ人の一覧。コードが外に出たときも、ここで分かります。

    例: tsunagari supporter waiting --names --as 山田
    """
    by = actor(who, "氏名を出す") if names else None
    if everybody and course is None:
        raise typer.BadParameter("--all には、--course も書いてください。")
    with open_house() as house:
        with house.db.work() if by else house.db.look() as work:
            if course is not None:
                _course(work, course)
            found = (
                joinings.of_course(work, course)
                if everybody and course
                else joinings.to_look_at(work, channel, course)
            )
            listed = approving.look(work, found)
            if by:
                for each in listed:
                    if each.supporter is not None:
                        audit.note(
                            work, by, "read_names", "supporter", each.supporter.id, each.joining.channel
                        )
        if json:
            output.as_json([_facts(each, names) for each in listed])
            return
        _print(house, listed, names, singly=names or course is not None)


def _print(house: House, listed: tuple[Waiting, ...], names: bool, singly: bool = False) -> None:
    """A row for each; where many of a course wait for the same reason, one line for all of them, if not `singly`."""
    towns = town_names(house.content)
    alike = Counter((each.course.id, each.joining.why, each.joining.status) for each in listed)
    summed = {key for key, count in alike.items() if count > ALIKE and not singly}
    listed_singly = [
        each for each in listed if (each.course.id, each.joining.why, each.joining.status) not in summed
    ]
    heads = ("氏名", "ふりがな") if names else ("氏名",)
    output.table(
        f"確かめを待つ人（{len(listed)} 人）",
        ("ID", *heads, "市町", "講座", "コード", "いつ", "いま", "わけ"),
        (
            (
                each.joining.id,
                *(
                    (each.profile.name or "－", each.profile.kana or "－")
                    if names
                    else ("あり" if each.profile.name else "まだ",)
                ),
                towns.get(each.supporter.town, each.supporter.town) if each.supporter else "（消去）",
                f"{each.course.on_date} {each.course.title}",
                "カード" if each.joining.card_id else "共通",
                output.moment(each.joining.at),
                STATUS[each.joining.status],
                WHY.get(each.joining.why or "", "－"),
            )
            for each in listed_singly
        ),
        empty="いません。" if not listed else "ほかにはいません。",
    )
    for course_id, why, status in summed:
        if why == "over_cap":
            continue  # said below
        course = next(each.course for each in listed if each.course.id == course_id)
        output.warn(
            f"「{course.title}」({course.on_date}): {alike[course_id, why, status]} 人が同じわけで"
            f"{STATUS[status]}です。{WHY.get(why or '', '－')}。"
        )
        output.say(f"  1人ずつ見る: tsunagari supporter waiting --course {course_id}", output.QUIET)
    over = Counter(each.course.id for each in listed if each.joining.why == "over_cap")
    by_id = {each.course.id: each for each in listed}
    for course_id, count in over.items():
        each = by_id[course_id]
        output.warn(
            f"「{each.course.title}」({each.course.on_date}) は {each.joined} 人が登録し、"
            f"{each.most} 人を超えた {count} 人が待っています。コードが外に出たかもしれません。"
        )
        output.say(f"  1人ずつ見る: tsunagari supporter waiting --course {course_id}", output.QUIET)
        output.say(f"  コードを止める: tsunagari course close {course_id}", output.QUIET)
        output.say(f"  取りやめる（下見）: tsunagari supporter decline --course {course_id}", output.QUIET)
        output.say(f"  人数を増やす: tsunagari course code {course_id} --margin 20", output.QUIET)
    if listed and not over:
        output.say(
            "認める: tsunagari supporter approve ID　取りやめる: tsunagari supporter decline ID", output.QUIET
        )


def _facts(each: Waiting, names: bool) -> dict[str, Any]:
    facts = {
        "id": each.joining.id,
        "status": each.joining.status,
        "why": each.joining.why,
        "matched": each.joining.matched,
        "by": "card" if each.joining.card_id else "code",
        "course": each.course.id,
        "title": each.course.title,
        "town": each.supporter.town if each.supporter else None,
        "supporter": each.supporter.id if each.supporter else None,
        "at": each.joining.at,
        "has_name": each.profile.name is not None,
    }
    return facts | ({"name": each.profile.name, "kana": each.profile.kana} if names else {})


# ---- approve -----------------------------------------------------------------------------------------------


def approve(
    ids: Ids = None,
    course: CourseId = None,
    name: Annotated[
        str | None,
        typer.Option("--is", metavar="氏名", help="名簿のだれか。この氏名の人といっしょにします。"),
    ] = None,
    into: Annotated[
        str | None,
        typer.Option("--into", metavar="名簿のID", help="この名簿の人と同じ人。（supporter list のID）"),
    ] = None,
    yes: Yes = False,
    who: As = None,
) -> None:
    """登録を認めます。名簿の人と同じと分かったら --is 氏名 で、いっしょにします。

    例: tsunagari supporter approve 3f9c2a1b07 --is 鳥取花子 --as 山田
    """
    by = actor(who, "名簿の人といっしょにする" if name or into else None)
    _either(ids, course)
    if (name or into) and (course or len(ids or ()) != 1):
        raise typer.BadParameter("--is と --into は、1人ずつ使ってください。")
    with open_house() as house:
        with house.db.look() as work:
            found = _chosen(work, ids, course, ("waiting",))
        if course and not yes:
            output.not_yet([f"{len(found)} 人の登録を認めます。"], _again("approve", course))
            return
        for each in found:
            with house.db.work() as work:
                same = _same(work, each, name, into) if name or into else {}
                try:
                    entry = approving.approve(work, house.content, each.id, by, **same)
                except CannotBeDone as no:
                    raise Refused(*_NO[no.why]) from None
            output.say(f"{each.id} を認めました。名簿のID {entry.id}", output.GOOD)
        if not found:
            output.say("待っている人は、いません。")


_NO = {
    "gone": ("この人の登録は、もう消されています。", "本人が消したときは、もう一度登録できます。"),
    "nothing_to_do": (
        "この人は、もうそうなっています。",
        "tsunagari supporter waiting --course ID --all で見られます。",
    ),
    "other_phone": (
        "名簿のその人は、別のLINEで登録しています。",
        "本人に確かめて、使わないほうを supporter decline で取りやめてください。",
    ),
}


def _same(work: Work, each: Joining, name: str | None, into: str | None) -> dict[str, Any]:
    """Who of roster and register is meant; refused with all of them where it could be several."""
    if into is not None:
        entry = supporters.get(work, into.strip())
        if entry is None or entry.id == each.supporter_id or entry.channel != each.channel:
            raise Refused(f"「{into}」というIDの人は、名簿にいません。", "supporter list で確かめられます。")
        return {"as_entry": entry}
    assert name is not None
    if not name.strip():
        raise typer.BadParameter("--is に氏名を書いてください。")
    course = _course(work, each.course_id)
    places: list[tuple[Place, Profile]] = [
        (place, words)
        for place, words in matching.roster(work, course).items()
        if words.name and plain_name(words.name) == plain_name(name)
    ]
    entries: list[Supporter] = list(matching.named(work, each.channel, name, (each.supporter_id or "",)))
    free = [entry for entry in entries if entry.person_id in (None, each.person_id)] or entries
    if len(places) > 1 or len(free) > 1:
        listed = [f"{entry.id}（受講日 {entry.attended_on or '－'}）" for entry in free]
        raise Refused(
            f"「{name}」という人が、いくつかあります: {'、'.join(listed) or '申し込みに2つ以上'}",
            "--into 名簿のID で、どの人か選んでください。",
        )
    if not places and not free:
        output.warn(f"「{name}」は、名簿に見つかりませんでした。氏名として書き、登録を認めます。")
    return {
        "as_place": places[0] if places else None,
        "as_entry": free[0] if free else None,
        "as_name": name.strip(),
    }


# ---- decline -----------------------------------------------------------------------------------------------


def decline(
    ids: Ids = None,
    course: CourseId = None,
    since: Annotated[
        str | None,
        typer.Option("--since", help="--course の人のうち、この日時からの人だけ。例: 2026-12-06 18:00"),
    ] = None,
    only_waiting: Annotated[
        bool, typer.Option("--waiting", help="--course の人のうち、登録待ちの人だけ。")
    ] = False,
    also_matched: Annotated[
        bool, typer.Option("--also-matched", help="名簿で確かめられた人も。（ふつうは残します）")
    ] = False,
    yes: Yes = False,
    who: As = None,
    json: Json = False,
) -> None:
    """登録を取りやめます。コードが外に出たときは --course で、その講座から入った人をまとめて。

    名簿で確かめられた人とカードの人は残します。あとで supporter approve で元にもどせます。

    例: tsunagari supporter decline --course 0199a0c3… --since "2026-12-06 18:00" --as 山田
    """
    _either(ids, course)
    by = actor(who)
    after = read_moment(since) if since else None
    with open_house() as house:
        with house.db.look() as work:
            found = _chosen(work, ids, course, ("waiting", "joined"))
            if course:
                found = [
                    each
                    for each in found
                    if (after is None or each.at >= after)
                    and (each.status == "waiting" or not only_waiting)
                    and (also_matched or not each.matched)
                    and each.card_id is None
                ]
            listed = approving.look(work, found)
        if not yes:
            if json:
                output.as_json([_facts(each, False) for each in listed])
                return
            _print(house, listed, False)
            if listed:
                what = f"{len(listed)} 人の登録を取りやめ、LINEの本人に短く知らせます。"
                output.not_yet([what], _again("decline", course, ids, since, only_waiting, also_matched))
            return
        gone = 0
        for each in found:
            with house.db.work() as work:
                try:
                    approving.decline(work, house.content, each.id, by)
                except CannotBeDone as no:
                    if not course:
                        raise Refused(*_NO[no.why]) from None
                    continue
                gone += 1
        if json:
            output.as_json({"declined": gone})
            return
        output.say(f"{gone} 人の登録を取りやめました。", output.GOOD)


def _either(ids: list[str] | None, course: str | None) -> None:
    if bool(ids) == bool(course):
        raise typer.BadParameter(
            "ID か --course の、どちらかを書いてください。例: tsunagari supporter waiting でIDが出ます。"
        )


def _course(work: Work, course_id: str) -> courses.Course:
    found = courses.get(work, course_id.strip())
    if found is None:
        raise Refused(f"「{course_id}」という講座はありません。", "tsunagari course list で確かめられます。")
    return found


def _chosen(
    work: Work, ids: list[str] | None, course: str | None, statuses: tuple[str, ...]
) -> list[Joining]:
    if course:
        return [
            each for each in joinings.of_course(work, _course(work, course).id) if each.status in statuses
        ]
    found = []
    for joining_id in dict.fromkeys(ids or ()):
        each = joinings.get(work, joining_id.strip())
        if each is None:
            raise Refused(
                f"「{joining_id}」というIDの人は、いません。",
                "tsunagari supporter waiting で確かめられます。",
            )
        found.append(each)
    return found


def _again(
    deed: str,
    course: str | None,
    ids: list[str] | None = None,
    since: str | None = None,
    only_waiting: bool = False,
    also_matched: bool = False,
) -> str:
    parts = [f"tsunagari supporter {deed}", *(ids or ())]
    parts += [f"--course {course}"] if course else []
    parts += [f'--since "{since}"'] if since else []
    parts += ["--waiting"] if only_waiting else []
    parts += ["--also-matched"] if also_matched else []
    return " ".join([*parts, "--yes"])


def add_to(app: typer.Typer) -> None:
    """`supporter waiting`, `approve` and `decline`."""
    app.command("waiting")(waiting)
    app.command("approve")(approve)
    app.command("decline")(decline)
