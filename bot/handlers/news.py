"""「お知らせ」: what comes to this phone and how often; fewer in one tap, none in one tap, and both taken back in one.

The buttons under every news lead here. 「もとにもどす」 carries what was there before; it counts as long as nothing else
was chosen since.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from bot import postback
from bot.broadcasting import digest, stop_line
from bot.content.news import RHYTHMS, Rhythm
from bot.flows.effects import ChangeLanguage, ChangeTopics
from bot.flows.talk import plain
from bot.handlers import talking
from bot.handlers.menu import show_menu
from bot.handlers.turn import Turn
from bot.messages import Choices, Tap, Text
from bot.news_words import as_list
from bot.programme import life
from bot.wording import all_plain, words_listed
from storage import audit, news_items, people

FLOW: Final = stop_line.FLOW
LESS, STOP, UNDO, NOW = stop_line.LESS, "stop", "undo", "now"
_PART: Final = 120  # characters of one part of a button's data
_ALL: Final = 12_000  # units of what is shown at once, in five bubbles
News = Mapping[str, Rhythm]


def tapped(turn: Turn, tap: postback.Tap) -> None:
    """What a button asks for; one that we do not know shows what there is."""
    match tap.question:
        case "less":
            less(turn)
        case "stop":
            _stop(turn)
        case "undo":
            _undo(turn, tap.conversation, tap.answer)
        case "now":
            _show_now(turn)
        case _:
            show(turn)


def typed(turn: Turn, text: str) -> bool:
    """Whether these few words are about the news. Asked only where no conversation waits for an answer: 「いらない」 is one
    in many of them."""
    said = plain(text)
    for name, listed in turn.content.texts.under("news.soft_words").items():
        if said in words_listed(listed):
            (less if name == LESS else show)(turn)
            return True
    return False


def language_typed(turn: Turn, text: str) -> bool:
    """Whether this is the name of a language: then news are read in it."""
    said = plain(text)
    for one in turn.content.languages.values():
        if said in all_plain(one.typed):
            talking.start(turn, "my_language", {"language": one.key})
            return True
    return False


# ---- what there is -----------------------------------------------------------------------------------------


def show(turn: Turn) -> None:
    """What comes now, and all that can be done about it."""
    news = turn.person.news
    names = [*([LESS] if _rarer(turn, news) != news else []), "choose", *([NOW] if news else []), "language"]
    last = (_tap(turn, STOP),)
    texts = turn.content.texts
    said = (
        texts.get("news.overview", news=as_list(turn.content, news))
        if news
        else texts.get("news.nothing_chosen")
    )
    resting = texts.get("news.resting") if people.is_paused(turn.work, turn.person.id) else None
    turn.messages.append(Choices(said, tuple(_tap(turn, name) for name in names), hint=resting, last=last))
    _ways_on(turn)


def _show_now(turn: Turn) -> None:
    """Everything that is news today, of these topics and this town: also what did not fit into a digest."""
    items = news_items.current(turn.work, turn.event.channel, turn.now.date())
    pieces = [digest.piece(plain) for plain in news_items.as_plain(items)]
    mine = digest.soonest(
        one for one in pieces if one.topic in turn.person.news and digest.of_town(one, turn.person.town)
    )
    if mine:
        said = digest.bubbles(turn.content, _first(mine), turn.person.language, most=len(mine))
        turn.messages += [Text(each) for each in said]
    else:
        turn.say("news.now.empty")
    _ways_on(turn)


def _first(pieces: tuple[digest.Piece, ...]) -> tuple[digest.Piece, ...]:
    """As many as fit into five bubbles."""
    left = _ALL
    for place, one in enumerate(pieces):
        left -= len(one.title) + len(one.text) + len(one.link or "") + digest.ROUND
        if left < 0:
            return pieces[:place]
    return pieces


def _tap(turn: Turn, name: str) -> Tap:
    texts = turn.content.texts
    match name:
        case "choose":
            return Tap(texts.get("news.button.choose"), postback.start("my_topics"))
        case "language":
            return Tap(texts.get("news.button.language"), postback.start("my_language"))
        case "pause":
            return Tap(texts.get("news.button.pause"), postback.Tap("registered", "pause_now", "", "").data())
        case _:
            return Tap(texts.get(f"news.button.{name}"), postback.Tap(FLOW, name, "", "").data())


def _ways_on(turn: Turn) -> None:
    menu = Tap(turn.content.texts.get("talk.menu"), postback.start("menu"))
    turn.quick = (*talking.way_back(turn), menu)


# ---- fewer, none, and back ---------------------------------------------------------------------------------


def less(turn: Turn) -> None:
    """Every topic one step rarer: at once, once a week, once a month, not at all. What always comes at once stays."""
    before, then = turn.person.news, _rarer(turn, turn.person.news)
    if then == before:
        texts = turn.content.texts
        said = "news.less_at_once" if before else "news.less_none"
        words = texts.get(said, news=as_list(turn.content, before)) if before else texts.get(said)
        turn.messages.append(Choices(words, (_tap(turn, "choose"),), last=(_tap(turn, STOP),)))
        _ways_on(turn)
        return
    back = _way_back(turn, LESS)
    _change(turn, then)
    options = [_tap(turn, "choose")]
    if _rarer(turn, then) != then:
        options.insert(0, replace(_tap(turn, LESS), label=turn.content.texts.get("news.button.less_more")))
    said = turn.content.texts.get("news.less", news=as_list(turn.content, then))
    turn.messages.append(Choices(said, tuple(options), last=back))
    _ways_on(turn)


def _rarer(turn: Turn, news: News) -> dict[str, Rhythm]:
    at_once = turn.content.news.at_once
    then: dict[str, Rhythm] = {}
    for topic, rhythm in news.items():
        step = RHYTHMS.index(rhythm) + (topic not in at_once)
        if step < len(RHYTHMS):
            then[topic] = RHYTHMS[step]
    return then


def _stop(turn: Turn) -> None:
    """Nothing that was chosen comes any more; a resident gets nothing at all that is sent to many."""
    back = _way_back(turn, STOP)
    _change(turn, {})
    supporter = turn.person.role == "supporter"
    if not supporter:
        people.set_paused(turn.work, turn.person.id, True)
    said = turn.content.texts.get(f"news.stopped.{turn.person.role}")
    pause = (_tap(turn, "pause"),) if supporter else ()
    turn.messages.append(Choices(said, (*pause, _tap(turn, "choose")), last=back))
    _ways_on(turn)


def _undo(turn: Turn, kept: str, deed: str) -> None:
    before = _read(turn, kept)
    news = {topic: rhythm for topic, (rhythm, _) in before.items()}
    if turn.person.news != ({} if deed == STOP else _rarer(turn, news)):
        turn.say("news.undo_late")
        show(turn)
        return
    _change(turn, news, {topic: heard for topic, (_, heard) in before.items()})
    if deed == STOP and turn.person.role == "resident":
        people.set_paused(turn.work, turn.person.id, False)
    said = turn.content.texts.get("news.undone", news=as_list(turn.content, news))
    turn.messages.append(Choices(said, (_tap(turn, "choose"),), last=(_tap(turn, STOP),)))
    _ways_on(turn)


def _way_back(turn: Turn, deed: str) -> tuple[Tap, ...]:
    """The button that takes it back: what is there now, and how far each topic has been told."""
    heard = people.heard_so_far(turn.work, turn.person.id)
    kept = "+".join(f"{topic}.{rhythm}.{heard.get(topic, 0)}" for topic, rhythm in turn.person.news.items())
    if len(kept) > _PART:  # so many topics that a button cannot hold them
        return ()
    data = postback.Tap(FLOW, UNDO, deed, kept).data()
    return (Tap(turn.content.texts.get("news.button.undo"), data),)


def _read(turn: Turn, kept: str) -> dict[str, tuple[Rhythm, int]]:
    """What the button holds, as far as it can be: it comes back from a phone."""
    found: dict[str, tuple[Rhythm, int]] = {}
    for each in kept.split("+"):
        topic, _, rest = each.partition(".")
        name, _, heard = rest.partition(".")
        rhythm = next((one for one in RHYTHMS if one == name), None)
        if topic in turn.content.topics and rhythm and heard.isdecimal() and len(heard) < 10:
            found[topic] = (rhythm, int(heard))
    return found


# ---- what the flows my_topics and my_language decided -------------------------------------------------------


def change(turn: Turn, effect: ChangeTopics) -> None:
    """The news that come to this phone from now on; a resident says of which town."""
    if effect.town is not None and effect.news and turn.person.role == "resident":
        version = turn.content.texts.get("my_topics.consent_version")
        people.begin_news(turn.work, turn.person, effect.town, version)
        turn.person = replace(turn.person, town=effect.town)
    _change(turn, effect.news)


def _change(turn: Turn, news: News, heard: Mapping[str, int] | None = None) -> None:
    life.change_news(turn.work, turn.person, news, heard)
    turn.person = replace(turn.person, news=dict(news))
    turn.must_arrive = True


def change_language(turn: Turn, effect: ChangeLanguage) -> None:
    """News are read in it; the answer says in that language what that means."""
    spoken = turn.content.language(effect.language)
    people.speak(turn.work, turn.person.id, effect.language)
    audit.note(turn.work, life.PERSON, "language", "person", turn.person.id, turn.person.channel)
    turn.person = replace(turn.person, language=effect.language)
    turn.messages.append(Text(spoken.chosen))
    turn.say("my_language.done", language=spoken.called)
    turn.must_arrive = True
    show_menu(turn)
