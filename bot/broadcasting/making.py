"""What a broadcast needs in the database when its time comes: its counted links and its pictures; and for a test."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from bot.broadcasting import links
from bot.broadcasting.forms import Contents
from bot.broadcasting.pictures.serving import addresses
from bot.broadcasting.rendering import Press, links_of, photos_of, words_of_places
from bot.content.library import Content
from storage import broadcast_links, broadcast_pictures, courses
from storage.broadcasts import Broadcast
from storage.segments import Segment, values_of
from storage.work import Work


def press_of(work: Work, content: Content, public_url: str, found: Broadcast) -> Press:
    """For the broadcast that begins now: each address and each picture gets one token, whoever it is for."""

    def link(url: str) -> str:
        return links.counted(public_url, broadcast_links.make(work, found.id, found.channel, url))

    contents, once = Contents(found.messages, found.translations), _once(link)
    broadcast_pictures.use_photos(work, photos_of(contents))
    for url in links_of(contents):  # numbered as they stand there, whoever is written to first
        once(url)
    return Press(
        content,
        words_of_places(content, course_of(work, found.segment)),
        once,
        _pictures(work, public_url, found.channel, found.id),
    )


def press_of_test(work: Work, content: Content, public_url: str, channel: str, segment: Segment) -> Press:
    """For a member of staff's own phone: links lead there directly, and nothing is counted."""
    words = words_of_places(content, course_of(work, segment))
    return Press(content, words, lambda url: url, _pictures(work, public_url, channel, None))


def course_of(work: Work, segment: Segment) -> str | None:
    """The title of the course, where the segment names exactly one."""
    named = {*values_of(segment, "course"), *values_of(segment, "seat")}
    found = courses.get(work, named.pop()) if len(named) == 1 else None
    return None if found is None else found.title


def _pictures(
    work: Work, public_url: str, channel: str, broadcast_id: str | None
) -> Callable[[Mapping[str, Any]], tuple[str, str]]:
    made: dict[str, tuple[str, str]] = {}

    def picture(words: Mapping[str, Any]) -> tuple[str, str]:
        same = json.dumps(words, sort_keys=True)
        if same not in made:
            made[same] = addresses(public_url, broadcast_pictures.make(work, channel, words, broadcast_id))
        return made[same]

    return picture


def _once(link: Callable[[str], str]) -> Callable[[str], str]:
    made: dict[str, str] = {}

    def once(url: str) -> str:
        if url not in made:
            made[url] = link(url)
        return made[url]

    return once
