"""The details form in a real browser on a phone's screen: with and without scripts, and when the line breaks."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, expect
from waiting import wait_until

from bot import pictures
from storage import audit, drafts, photos
from storage.work import Database
from tests.test_pictures import exif, photo
from tests.web.test_details_answer import ask
from tests.web.test_details_form import Link, make_link, stored

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
PHONE = {"width": 360, "height": 640}


@pytest.fixture
def link(db: Database) -> Link:
    return make_link(db)


@pytest.fixture
def context(chromium: Chromium) -> Iterator[BrowserContext]:
    made = chromium.new_context(viewport=PHONE, has_touch=True, is_mobile=True, locale="ja-JP")
    made.set_default_timeout(10_000)
    yield made
    made.close()


def open_form(page: Page, site: str, link: Link) -> None:
    page.goto(f"{site}{link.path}#{link.token}")
    page.locator("[data-begin-button]").click()
    page.wait_for_url("**/form")


def fill(page: Page, what: str = "新聞がたまっています") -> None:
    page.locator("#where").fill("本町1丁目")
    page.locator("#what").fill(what)


def big_photo(folder: Path, name: str = "IMG_0815.jpg") -> Path:
    path = folder / name
    path.write_bytes(photo(size=(4000, 3000), quality=100, exif=exif(tag274=6)))
    return path


@pytest.fixture
def without_scripts(chromium: Chromium, context: BrowserContext, site: str, link: Link) -> Iterator[Page]:
    """The form in a browser whose scripts ended when the token had been read."""
    open_form(context.new_page(), site, link)
    made = chromium.new_context(
        viewport=PHONE, java_script_enabled=False, storage_state=context.storage_state()
    )
    page = made.new_page()
    page.goto(f"{site}{link.path}/form")
    yield page
    made.close()


def test_without_scripts_words_and_photos_are_sent(
    without_scripts: Page, link: Link, db: Database, tmp_path: Path
) -> None:
    page = without_scripts
    fill(page)
    assert all(page.locator(f"#photo{number}").is_visible() for number in (1, 2, 3))
    page.locator("#photo2").set_input_files(big_photo(tmp_path))
    page.locator("[data-send]").click()
    page.wait_for_url("**/sent")
    with db.look() as work:
        (one,) = photos.of(work, link.concern)
    assert (one.width, one.height) == (1200, 1600)
    assert stored(db, link.concern)["what"] == "新聞がたまっています"


def test_without_scripts_what_was_typed_can_be_kept_and_erased(without_scripts: Page, db: Database) -> None:
    page = without_scripts
    fill(page)
    page.locator("[data-keep]").click()
    assert "保存しました" in page.locator(".told").first.inner_text()
    assert page.locator("#what").input_value() == "新聞がたまっています"
    page.locator("[data-erase]").click()
    assert page.locator("#what").input_value() == ""


def test_what_is_typed_is_kept_by_itself_and_back_after_a_crash(
    context: BrowserContext, site: str, link: Link
) -> None:
    page = context.new_page()
    open_form(page, site, link)
    page.locator("#what").press_sequentially("新聞が")
    expect(page.locator("[data-status]")).to_have_text("ここまでを保存しました。まだ送っていません。")
    page.close(run_before_unload=False)
    again = context.new_page()
    open_form(again, site, link)
    assert again.locator("#what").input_value() == "新聞が"


def test_a_tab_that_is_put_aside_is_kept_at_once(
    context: BrowserContext, site: str, link: Link, db: Database
) -> None:
    page = context.new_page()
    open_form(page, site, link)
    page.locator("#what").fill("新聞が")
    with page.expect_request_finished(lambda asked: asked.url.endswith("/draft")):
        page.evaluate(
            "Object.defineProperty(document, 'visibilityState', {value: 'hidden'});"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
    again = context.new_page()
    again.goto(f"{site}{link.path}/form")
    assert again.locator("#what").input_value() == "新聞が"


def test_without_a_connection_the_words_stay_and_are_sent_when_it_is_back(
    context: BrowserContext, site: str, link: Link, db: Database
) -> None:
    page = context.new_page()
    open_form(page, site, link)
    fill(page)
    context.set_offline(True)
    page.locator("[data-send]").click()
    expect(page.locator("[data-status]")).to_contain_text(
        "つながっていません。書いたものはこの画面に残っています"
    )
    assert page.locator("#what").input_value() == "新聞がたまっています"
    assert stored(db, link.concern) == {}
    context.set_offline(False)
    expect(page.locator("[data-status]")).to_contain_text("保存しました")
    page.locator("[data-send]").click()
    page.wait_for_url("**/sent")
    assert stored(db, link.concern)["what"] == "新聞がたまっています"


def test_after_the_time_the_words_stay_on_the_screen(
    context: BrowserContext, site: str, link: Link, db: Database, clock: Callable[[], object]
) -> None:
    page = context.new_page()
    open_form(page, site, link)
    fill(page)
    clock.move(minutes=31)  # type: ignore[attr-defined]
    page.locator("[data-send]").click()
    expect(page.locator("[data-status]")).to_contain_text("時間がたったので")
    assert page.locator("#what").input_value() == "新聞がたまっています"


def test_five_taps_send_once(context: BrowserContext, site: str, link: Link, db: Database) -> None:
    page = context.new_page()
    open_form(page, site, link)
    fill(page)
    page.evaluate("for (var i = 0; i < 5; i++) { document.querySelector('[data-send]').click(); }")
    page.wait_for_url("**/sent")
    with db.look() as work:
        assert len(audit.listed(work, kind="concern", subject_id=link.concern.id)) == 1
        assert not work.conn.execute(drafts.drafts.select()).all()


def test_a_photo_is_made_small_before_it_travels_and_lies_upright(
    context: BrowserContext, site: str, link: Link, db: Database, tmp_path: Path
) -> None:
    page = context.new_page()
    open_form(page, site, link)
    fill(page)
    assert [page.locator(f"#photo{number}").is_visible() for number in (1, 2, 3)] == [True, False, False]
    page.locator("#photo1").set_input_files(big_photo(tmp_path))
    expect(page.locator("canvas")).to_be_visible()
    assert page.locator("#photo2").is_visible()
    first = "document.querySelector('#photo1').files[0]"
    wait_until(
        lambda: page.evaluate(f"{first}.name") == "photo.jpg",
        what="the small photo takes the place of the big",
    )
    assert page.evaluate(f"{first}.size") < big_photo(tmp_path).stat().st_size
    page.locator("[data-send]").click()
    page.wait_for_url("**/sent")
    with db.look() as work:
        (one,) = photos.of(work, link.concern)
        jpeg = photos.picture(work, link.concern, one.id)
    assert jpeg is not None
    assert (one.width, one.height) == (1200, 1600)
    top = Image.open(io.BytesIO(jpeg)).getpixel((600, 20))
    assert isinstance(top, tuple)
    assert top[2] > 200


def test_a_photo_can_be_taken_back(
    context: BrowserContext, site: str, link: Link, db: Database, tmp_path: Path
) -> None:
    page = context.new_page()
    open_form(page, site, link)
    page.locator("#photo1").set_input_files(big_photo(tmp_path))
    expect(page.locator("canvas")).to_be_visible()
    page.locator("[data-drop]").first.click()
    expect(page.locator("canvas")).to_have_count(0)
    assert page.evaluate("document.querySelector('#photo1').files.length") == 0
    assert page.evaluate("document.activeElement.id") == "photo1"


def test_a_file_that_is_no_photo_and_too_large_is_spoken_of_at_once(
    context: BrowserContext, site: str, link: Link, tmp_path: Path
) -> None:
    page = context.new_page()
    open_form(page, site, link)
    path = tmp_path / "large.jpg"
    path.write_bytes(b"\x00" * (pictures.MOST_BYTES + 1))
    page.locator("#photo1").set_input_files(path)
    expect(page.locator("[data-photo-trouble]")).to_contain_text("大きすぎて")
    fill(page)
    page.locator("[data-send]").click()
    assert page.evaluate("document.activeElement.id") == "photo1"
    page.locator("[data-drop]").first.click()
    expect(page.locator("[data-photo-trouble]")).to_be_hidden()
    page.locator("[data-send]").click()
    page.wait_for_url("**/sent")


def every_details_page(page: Page, site: str, db: Database, folder: Path) -> Iterator[str]:
    """All pages of the details form; yields a name for each."""
    link = make_link(db)
    page.goto(f"{site}{link.path}#{link.token}")
    yield "begin"
    open_form(page, site, link)
    yield "form"
    page.locator("#photo1").set_input_files(big_photo(folder))
    expect(page.locator("canvas")).to_be_visible()
    yield "form with a photo"
    page.locator("[data-keep]").click()
    expect(page.locator("[data-status]")).to_contain_text("保存しました")
    yield "form, kept"
    page.locator("[data-send]").click()
    page.wait_for_selector("#where-error")
    yield "form with errors"
    fill(page, "部屋で倒れているのが見えます")
    page.locator("[data-send]").click()
    page.wait_for_url("**/sent")
    yield "thanks with danger"
    more = make_link(db, link.concern)
    open_form(page, site, more)
    yield "more"
    page.locator("#what").fill("きょうは電気がついていました")
    page.locator("[data-send]").click()
    page.wait_for_url("**/sent")
    yield "thanks"
    open_form(page, site, ask(db, link))
    yield "answer"
    page.goto(f"{site}{link.path}/form")
    yield "gone"


def test_axe_finds_nothing_and_no_letter_is_smaller_than_18_pixels(
    chromium: Chromium, site: str, db: Database, tmp_path: Path
) -> None:
    context = chromium.new_context(viewport=PHONE, is_mobile=True, bypass_csp=True)  # to inject axe
    page, axe = context.new_page(), Axe()
    found, small, wide = {}, {}, {}
    for name in every_details_page(page, site, db, tmp_path):
        page.wait_for_load_state()
        found[name] = [violation["id"] for violation in axe.run(page).response["violations"]]
        small[name] = page.evaluate(SMALL_LETTERS)
        wide[name] = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
    context.close()
    assert len(found) == 10
    assert not {name: ids for name, ids in found.items() if ids}
    assert not {name: words for name, words in small.items() if words}
    assert not {name: by for name, by in wide.items() if by > 0}


SMALL_LETTERS = """() => {
  const found = [];
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim());
    const size = parseFloat(getComputedStyle(node).fontSize);
    if ((own || ['INPUT', 'TEXTAREA', 'BUTTON'].includes(node.tagName)) && node.type !== 'hidden' && size < 18) {
      found.push([node.tagName, node.className, size]);
    }
  }
  return found;
}"""


def test_the_browser_has_nothing_to_complain_about(
    chromium: Chromium, site: str, db: Database, tmp_path: Path
) -> None:
    context = chromium.new_context(viewport=PHONE, is_mobile=True)
    page = context.new_page()
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    names = list(every_details_page(page, site, db, tmp_path))
    context.close()
    assert len(names) == 10
    assert complaints == []
    assert all(url.startswith((site, "data:", "blob:")) for url in asked)


def test_nothing_of_it_stays_in_the_phone(context: BrowserContext, site: str, link: Link) -> None:
    page = context.new_page()
    open_form(page, site, link)
    fill(page)
    page.locator("[data-keep]").click()
    expect(page.locator("[data-status]")).to_contain_text("保存しました")
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert page.evaluate("indexedDB.databases ? indexedDB.databases() : []") == []
