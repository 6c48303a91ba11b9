"""From what we say to LINE's JSON: large words, broad buttons, few colours, readable at 75 and in the sun."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import orjson
import regex

from bot.messages import (
    ALT_UNITS,
    LABEL_CLUSTERS,
    MESSAGES,
    Button,
    Call,
    Card,
    Cards,
    Choices,
    Message,
    Open,
    Picture,
    Saying,
    Tap,
    Text,
    TooLong,
    clusters,
    utf16_units,
)

Json = dict[str, Any]

# Every pair of words and ground below has a contrast of at least 4.5:1 (WCAG 2.2 AA); a test measures it.
PALETTE = {
    "paper": "#FFFFFF",
    "ink": "#1F2A2E",
    "soft_ink": "#4A585E",
    "calm": "#0B6B61",  # what is to be tapped
    "calm_ground": "#EAF4F2",
    "calm_line": "#8FBDB6",
    "on_calm": "#FFFFFF",
    "quiet_line": "#B9C4C8",
    "picked_ground": "#F4F1E6",
    "alarm": "#B3261E",  # what cannot wait
    "on_alarm": "#FFFFFF",
}
BUBBLE_BYTES = 30 * 1024
CAROUSEL_BYTES = 50 * 1024
DISPLAY_CLUSTERS = 300
MANY = 6  # answers; more of them stand closer
PAIRED_CLUSTERS = 7
CLOSER = "13px"  # around a button's words; usually 16px
LINE_CLUSTERS = 14  # that stand in one line of a bubble
_NOT_TEXT = re.compile(r"[\x00\ud800-\udfff]")


def to_line(saying: Saying) -> list[Json]:
    """One to five message objects of LINE's Messaging API; raises TooLong for what LINE would refuse."""
    said = [_message(message) for message in saying.messages]
    if len(said) > MESSAGES:
        raise TooLong(f"{len(said)} messages")
    if saying.quick:
        quick = {"items": [{"type": "action", "action": _action(tap)} for tap in saying.quick]}
        said[-1] = {**said[-1], "quickReply": quick}
    return said


def _message(message: Message) -> Json:
    match message:
        case Text(text):
            return {"type": "text", "text": _clean(text)}
        case Choices():
            return _asked_of_all(message) if message.for_all else _asked(message)
        case Cards(alt, cards):
            bubbles = [_card(card) for card in cards]
            one = bubbles[0] if len(bubbles) == 1 else {"type": "carousel", "contents": bubbles}
            return _flex(alt, one)
        case Picture(url, preview_url):
            return {"type": "image", "originalContentUrl": url, "previewImageUrl": preview_url}


def _asked(choices: Choices) -> Json:
    return _flex(choices.text, _choices(choices))


@lru_cache(maxsize=64)
def _asked_of_all(choices: Choices) -> Json:
    """Nobody may change it. What is somebody's own is never kept."""
    return _asked(choices)


def _flex(alt: str, contents: Json) -> Json:
    bubbles = contents["contents"] if contents["type"] == "carousel" else [contents]
    for bubble in bubbles:
        _check_bytes(bubble, BUBBLE_BYTES, "bubble")
    if contents["type"] == "carousel":
        _check_bytes(contents, CAROUSEL_BYTES, "carousel")
    return {"type": "flex", "altText": _cut_units(_clean(alt), ALT_UNITS), "contents": contents}


def _check_bytes(contents: Json, limit: int, what: str) -> None:
    size = len(orjson.dumps(contents))
    if size > limit:
        raise TooLong(f"a {what} of {size} bytes, at most {limit}")


# ---- bubbles ---------------------------------------------------------------------------------------------


def _choices(asked: Choices) -> Json:
    parts = [_words(asked.progress, "sm", "soft_ink")] if asked.progress else []
    parts.append(_words(asked.text, "lg", "ink", weight="bold"))
    if asked.hint:
        parts.append(_words(asked.hint, "md", "soft_ink"))
    buttons = [_filled(button, "alarm" if isinstance(button, Call) else "calm") for button in asked.first]
    buttons += _answers(asked.options)
    if asked.picked:  # beside 「これでおわり」 it is in sight, however long the list above is
        (buttons if asked.done else parts).append(_picked(asked.picked))
    if asked.done:
        buttons.append(_filled(asked.done, "calm"))
    buttons += [_quiet(button) for button in asked.last]
    return _bubble([_stack(parts, "md"), *([_stack(buttons, "md")] if buttons else [])])


def _answers(options: tuple[Tap, ...]) -> list[Json]:
    """Many answers stand closer, short neighbours in pairs, so that the question stays in sight; in their order."""
    if len(options) <= MANY:
        return [_choice(tap) for tap in options]
    waiting, rows = list(options), []
    while waiting:
        first = waiting.pop(0)
        if waiting and _is_short(first) and _is_short(waiting[0]):
            rows.append(_pair(first, waiting.pop(0)))
        else:
            rows.append(_choice(first, CLOSER))
    return rows


def _is_short(tap: Tap) -> bool:
    return clusters(tap.label) <= PAIRED_CLUSTERS


def _pair(left: Tap, right: Tap) -> Json:
    narrow = {"flex": 1, "paddingStart": "6px", "paddingEnd": "6px"}
    row = [_choice(left, CLOSER) | narrow, _choice(right, CLOSER) | narrow]
    return {"type": "box", "layout": "horizontal", "spacing": "md", "contents": row}


def _card(card: Card) -> Json:
    parts: list[Json] = []
    if card.badge and card.badge.strip():
        parts.append(_badge(card.badge))
    parts.append(_words(_in_two(card.title), "lg", "ink", weight="bold"))
    if card.subtitle and card.subtitle.strip():
        parts.append(_words(card.subtitle, "sm", "soft_ink"))
    parts += [_words(line, "md", "ink") for line in card.lines if line.strip()]
    if facts := [_fact(name, value) for name, value in card.facts if value.strip()]:
        parts.append(_stack(facts, "sm"))
    if card.note and card.note.strip():
        parts.append(_words(card.note, "sm", "soft_ink"))
    loud = "alarm" if card.urgent else "calm"
    buttons = [
        _filled(button, loud) if place == 0 or isinstance(button, Call) else _choice(button)
        for place, button in enumerate(card.buttons)
    ]
    bubble = _bubble([_stack(parts, "md"), *([_stack(buttons, "md")] if buttons else [])])
    if card.picture:
        bubble = {"type": "bubble", "size": "mega", "hero": _hero(card.picture), "body": bubble["body"]}
    if card.urgent:
        bubble |= {"header": _alarm_bar()}
    return bubble


def _fact(name: str, value: str) -> Json:
    """In two columns: eyes that look for the money find it at once."""
    left = _words(name, "sm", "calm", weight="bold") | {"flex": 2}
    row = [left, _words(value, "md", "ink") | {"flex": 7}]
    return {"type": "box", "layout": "horizontal", "spacing": "sm", "contents": row}


def _hero(url: str) -> Json:
    """A photo across the card, cut to one shape, so that cards side by side look alike."""
    return {"type": "image", "url": url, "size": "full", "aspectRatio": "20:13", "aspectMode": "cover"}


def _bubble(contents: list[Json]) -> Json:
    body = {
        "type": "box",
        "layout": "vertical",
        "spacing": "xl",
        "paddingAll": "20px",
        "backgroundColor": PALETTE["paper"],
        "contents": contents,
    }
    return {"type": "bubble", "size": "mega", "body": body}


def _stack(contents: list[Json], spacing: str) -> Json:
    return {"type": "box", "layout": "vertical", "spacing": spacing, "contents": contents}


def _alarm_bar() -> Json:
    return {
        "type": "box",
        "layout": "vertical",
        "height": "10px",
        "paddingAll": "0px",
        "backgroundColor": PALETTE["alarm"],
        "contents": [{"type": "filler"}],
    }


def _badge(text: str) -> Json:
    pill = {
        "type": "box",
        "layout": "vertical",
        "flex": 0,
        "cornerRadius": "14px",
        "paddingTop": "4px",
        "paddingBottom": "4px",
        "paddingStart": "12px",
        "paddingEnd": "12px",
        "backgroundColor": PALETTE["calm_ground"],
        "contents": [_words(text, "sm", "calm", weight="bold", wrap=False)],
    }
    return {"type": "box", "layout": "horizontal", "contents": [pill, {"type": "filler"}]}


def _picked(text: str) -> Json:
    return {
        "type": "box",
        "layout": "vertical",
        "cornerRadius": "10px",
        "paddingAll": "12px",
        "backgroundColor": PALETTE["picked_ground"],
        "contents": [_words(text, "md", "ink")],
    }


def _words(text: str, size: str, colour: str, *, weight: str = "regular", wrap: bool = True) -> Json:
    words: Json = {"type": "text", "text": _clean(text) or " ", "size": size, "color": PALETTE[colour]}
    if weight != "regular":
        words["weight"] = weight
    if wrap:
        words |= {"wrap": True, "lineSpacing": "6px"}
    return words


# ---- buttons ---------------------------------------------------------------------------------------------


def _choice(button: Button, padding: str = "16px") -> Json:
    return _button(button, "calm_ground", "ink", border="calm_line", padding=padding)


def _quiet(button: Button) -> Json:
    return _button(button, "paper", "soft_ink", border="quiet_line", padding=CLOSER, weight="regular")


def _filled(button: Button, ground: str) -> Json:
    return _button(button, ground, f"on_{ground}")


def _button(
    button: Button,
    ground: str,
    ink: str,
    *,
    border: str | None = None,
    padding: str = "16px",
    weight: str = "bold",
) -> Json:
    """A box, not LINE's own button: its words wrap, and it is as tall (48 px and more) as a thumb needs."""
    words = _words(_broken(button.label), "md", ink, weight=weight) | {"align": "center"}
    box = {
        "type": "box",
        "layout": "vertical",
        "cornerRadius": "12px",
        "paddingAll": padding,
        "backgroundColor": PALETTE[ground],
        "contents": [words],
        "action": _action(button),
    }
    if border:
        box |= {"borderColor": PALETTE[border], "borderWidth": "1px"}
    return box


def _in_two(title: str) -> str:
    """A title too long for one line is broken where it was written with a space, not in the middle of a word."""
    first, space, rest = title.partition(" ")
    fit = max(clusters(first), clusters(rest)) <= LINE_CLUSTERS < clusters(title)
    return f"{first}\n{rest}" if space and fit else title


def _broken(label: str) -> str:
    """A long label with its remark in a line of its own, not torn in the middle of a word."""
    return (
        label.replace("（", "\n（", 1) if clusters(label) > LINE_CLUSTERS and label.endswith("）") else label
    )


def _action(button: Button) -> Json:
    label = _shorten(_clean(button.label), LABEL_CLUSTERS)
    match button:
        case Tap(said, data):
            display = _shorten(_clean(said), DISPLAY_CLUSTERS)
            tap = {"type": "postback", "label": label, "data": data, "displayText": display}
            # The rich menu covers half of a phone: what comes next must be read from its first word.
            return tap | {"inputOption": "closeRichMenu"}
        case Call(_, tel):
            return {"type": "uri", "label": label, "uri": tel}
        case Open(_, url):
            return {"type": "uri", "label": label, "uri": url}


# ---- words -----------------------------------------------------------------------------------------------


def _clean(text: str) -> str:
    """Without what LINE or a database refuses: lone surrogates and NUL."""
    return _NOT_TEXT.sub("\ufffd", text)


def _shorten(text: str, limit: int) -> str:
    if len(text) <= limit:  # a cluster is at least one character
        return text
    found = regex.findall(r"\X", text)
    return text if len(found) <= limit else "".join(found[: limit - 1]) + "…"


def _cut_units(text: str, limit: int) -> str:
    """At most `limit` UTF-16 units, cut between what a reader calls characters."""
    if utf16_units(text) <= limit:
        return text
    kept, units = [], 1  # the … itself
    for cluster in regex.findall(r"\X", text):
        units += utf16_units(cluster)
        if units > limit:
            break
        kept.append(cluster)
    return "".join(kept) + "…"
