"""Something in every sealed column there is, for the tests of keys and backups."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import insert

from storage import (
    broadcast_drafts,
    broadcast_links,
    broadcast_pictures,
    broadcast_series,
    broadcasts,
    cards,
    certificates,
    channels,
    concerns,
    conversations,
    course_answers,
    course_mails,
    course_places,
    courses,
    drafts,
    entries,
    events,
    handbook_results,
    handons,
    links,
    mails,
    news_items,
    notices,
    outbox,
    people,
    photos,
    segments,
    staff,
    supporters,
)
from storage.concerns import Concern
from storage.freezing import broadcast_variants
from storage.schema import new_id
from storage.work import Database, Work


def fill(db: Database, count: int) -> int:
    """Sealed values in every sealed column there is; how many."""
    with db.work() as work:
        for number in range(count):
            person = people.lock(work, "iwami", f"U{number:032x}")
            conversations.start(work, "iwami", person.id, "handbook")
            shown = handbook_results.ShownScheme(f"s{number}", "chosen", "題", "mark")
            handbook_results.watch(work, "iwami", person.id, "iwami", [shown])
            handbook_results.tell(work, person.id, lambda _kept: {"s": "another"})
            body, token = {"n": number}, f"r{number}"
            outbox.put(work, "iwami", "message", body, person_id=person.id, reply_token=token)
            events.troubled(work, "iwami", f"e{number}", "message", "error", "words")
            _fill_broadcasts(work, number)
            concern = concerns.open_concern(
                work, "iwami", person_id=person.id, town="岩美町", district=None, kind="k", level=1,
                since="s", subject_knows="no", window="w", route_reason="r",
            )  # fmt: skip
            concerns.add_details(work, concern, {"n": str(number)})
            notice = notices.put(
                work, "iwami", concern_id=concern.id, number=concern.number, window="w", what="new",
                step="desk", serial="",
            )  # fmt: skip
            assert notice is not None
            address = f"a{number}@iwami.example"
            mails.put(
                work, "iwami", notice_id=notice.id, address=address, template="new", number=concern.number,
                path="/desk",
            )  # fmt: skip
            mails.note_refused(work, address, "550")
            told = news_items.Told("t", (), news_items.Words("題", str(number)), work.now.date())
            news_items.add(work, "iwami", told, "x")
            _fill_the_desk(work, concern, number)
            _fill_the_programme(work, number)
            channels.add(work, channels.Account(f"c{number}", "s", "t", "2001", "l"))
    return count * 49 + 1  # and the key of the blind indexes


def _fill_broadcasts(work: Work, number: int) -> None:
    """What staff send to many: eleven sealed values."""
    said, everyone = [{"n": number}], segments.EVERYONE
    more = {"created_by": "x", "urgent_reason": "r", "translations": {"en": said}}
    made = broadcasts.schedule(work, "iwami", said, everyone, work.now, **more)
    broadcast_series.create(work, "iwami", "t", said, everyone, "{}", **more)
    broadcast_links.make(work, made.id, "iwami", "https://iwami.example/")
    broadcast_pictures.make(work, "iwami", {"n": number})
    broadcast_pictures.keep_photo(work, "iwami", b"jpeg %d" % number)
    broadcast_drafts.save(work, "iwami", f"n{number}", "text: n", ".yaml", {}, created_by="x")
    words = work.seal(said, "iwami", "broadcast_variants", "messages", fresh := new_id())
    variant = {"id": fresh, "broadcast_id": made.id, "channel": "iwami", "first_chunk": 0, "messages": words}
    work.conn.execute(
        insert(broadcast_variants).values(language="", town="", district="", topics=0, **variant)
    )


def _fill_the_desk(work: Work, concern: Concern, number: int) -> None:
    """What staff and forms add: ten sealed values."""
    entries.add(work, concern, "note", "system", {"n": number})
    handons.offer(work, concern, "other", "system", {"n": number})
    photos.add(work, concern, b"jpeg", 1, 1)
    half_an_hour = dt.timedelta(minutes=30)
    link_id, _token = links.make(
        work, "iwami", purpose="details", about=concern.id, person_id=None, valid_for=half_an_hour
    )
    drafts.keep(work, link_id, "iwami", "browser", {"n": str(number)})
    made = staff.add(work, login=f"s{number}", name="山田", windows=["w"], mail=f"s{number}@iwami.example")
    staff.make_ready(work, made.id, password="argon2", totp="secret", recovery=["hash"])


def _fill_the_programme(work: Work, number: int) -> None:
    """What courses and the register add: fourteen sealed values."""
    today = work.now.date()
    course = courses.create(
        work, "iwami", title="t", town="iwami", on=today, place="p", capacity=9,
        valid_from=work.now, valid_until=work.now + dt.timedelta(days=7),
    )  # fmt: skip
    cards.issue(work, course, 1)
    words = course_places.Profile("山田", "やまだ", "0857000000", f"p{number}@iwami.example")
    place = course_places.add(work, "iwami", course.id, source="web", state="seat", profile=words)
    course_mails.put(work, "iwami", place.id, to=f"p{number}@iwami.example", subject="s", text="t")
    course_answers.keep(work, "iwami", course.id, today, {}, words=f"w{number}")
    own = supporters.Profile("山田", "やまだ", "0857000000", f"r{number}@iwami.example", "近所")
    entry = supporters.add(
        work, "iwami", source="import", state="registered", town="iwami", profile=own, group_name="g"
    )
    certificates.issue(work, entry, course_title="t", course_on=today, issued_on=today)
