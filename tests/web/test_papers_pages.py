"""Certificate and card come to one browser, once; a card's page says whether it counts, of which town, and no more."""

from __future__ import annotations

import io
import re

import pytest
from flask.testing import FlaskClient
from PIL import Image
from town import Town, make_town

from bot.handlers.one_time import LIFE
from bot.programme import certificates as issuing
from storage import audit, links, supporters
from storage.supporters import Profile, State, Supporter
from storage.work import Database


@pytest.fixture
def town(db: Database) -> Town:
    return make_town(db)


@pytest.fixture
def hanako(town: Town) -> Supporter:
    """Registered, on LINE, with a name."""
    phone = town.friend()
    with town.services.db.work() as work:
        person = work.index("line", "default", phone.line_id)
        from storage.people import people

        owner = work.conn.execute(people.select().where(people.c.line_index == person)).one()
        return supporters.add(
            work,
            "default",
            source="line",
            state="registered",
            town="tottori",
            person_id=owner.id,
            profile=Profile("鳥取 花子"),
        )


def _link(town: Town, supporter: Supporter) -> tuple[str, str]:
    with town.services.db.work() as work:
        return links.make(
            work,
            "default",
            purpose="papers",
            about=supporter.id,
            person_id=supporter.person_id,
            valid_for=LIFE,
        )


def _proof(page: str) -> str:
    found = re.search(r'name="proof" value="([^"]+)"', page)
    assert found
    return found[1]


def _opens(client: FlaskClient, link: tuple[str, str]) -> int:
    page = client.get(f"/p/{link[0]}").get_data(as_text=True)
    answer = client.post(f"/p/{link[0]}", data={"proof": _proof(page), "token": link[1]})
    return answer.status_code


def test_the_browser_that_brings_the_token_sees_and_saves_all_three(town: Town, hanako: Supporter) -> None:
    client, link = town.app.test_client(), _link(town, hanako)
    assert _opens(client, link) == 303
    page = client.get(f"/p/{link[0]}/all").get_data(as_text=True)
    assert "2026-0001" in page
    assert page.count('<section class="issued ') == 3  # not .paper, which the pages show only when printed
    for paper, size in (("certificate", (2480, 3508)), ("badge", (1040, 1040)), ("card", (1011, 638))):
        png = client.get(f"/p/{link[0]}/{paper}.png")
        assert Image.open(io.BytesIO(png.data)).size == size
        pdf = client.get(f"/p/{link[0]}/{paper}.pdf?save=1")
        assert pdf.data.startswith(b"%PDF")
        assert "attachment" in pdf.headers["Content-Disposition"]
    with town.services.db.look() as work:
        assert "saw_papers" in [each.deed for each in audit.listed(work, subject_id=hanako.id)]


def test_no_other_browser_sees_them_and_the_link_works_once(town: Town, hanako: Supporter) -> None:
    link = _link(town, hanako)
    assert _opens(town.app.test_client(), link) == 303
    other = town.app.test_client()
    assert _opens(other, link) == 410
    for path in ("all", "certificate.pdf", "card.png"):
        assert other.get(f"/p/{link[0]}/{path}").status_code == 410


def test_after_half_an_hour_or_closing_it_is_gone(town: Town, hanako: Supporter, clock: object) -> None:
    client, link = town.app.test_client(), _link(town, hanako)
    _opens(client, link)
    page = client.get(f"/p/{link[0]}/all").get_data(as_text=True)
    client.post(f"/p/{link[0]}/close", data={"proof": _proof(page)})
    assert client.get(f"/p/{link[0]}/all").status_code == 410
    second = _link(town, hanako)
    _opens(client, second)
    clock.move(minutes=31)  # type: ignore[attr-defined]
    assert client.get(f"/p/{second[0]}/all").status_code == 410


def test_an_entry_without_a_name_has_no_certificate_yet(town: Town, hanako: Supporter) -> None:
    with town.services.db.work() as work:
        supporters.write(work, hanako, Profile())
    client, link = town.app.test_client(), _link(town, hanako)
    _opens(client, link)
    assert client.get(f"/p/{link[0]}/all").status_code == 410


@pytest.mark.parametrize(
    ("steps", "words"),
    [((), "有効です"), (("paused",), "いまは、お休み中です"), (("left",), "もう有効ではありません")],
)
def test_the_card_says_only_whether_it_counts_and_the_town(
    town: Town, hanako: Supporter, steps: tuple[State, ...], words: str
) -> None:
    with town.services.db.work() as work:
        made = issuing.issue(work, town.services.content, hanako)
        for step in steps:
            supporters.step(work, hanako, step)
    page = town.app.test_client().get(f"/v/{made.token}").get_data(as_text=True)
    assert words in page
    assert "鳥取市の" in page
    for secret in ("花子", made.number, hanako.id, hanako.person_id):
        assert str(secret) not in page


def test_a_card_of_nobody_is_not_confirmed(town: Town) -> None:
    for token in ("x", "a" * 22, "a" * 500, "%00"):
        answer = town.app.test_client().get(f"/v/{token}")
        assert answer.status_code == 404
        assert "有効です" not in answer.get_data(as_text=True)


def test_the_badge_for_the_chat_bears_no_name_and_ends_with_its_supporter(
    town: Town, hanako: Supporter
) -> None:
    with town.services.db.work() as work:
        made = issuing.issue(work, town.services.content, hanako)
    client = town.app.test_client()
    assert client.get(f"/v/{made.token}/badge.png").mimetype == "image/png"
    small = client.get(f"/v/{made.token}/badge.png?preview=1")
    assert max(Image.open(io.BytesIO(small.data)).size) == 240
    with town.services.db.work() as work:
        supporters.step(work, hanako, "left")
    assert client.get(f"/v/{made.token}/badge.png").status_code == 404
