"""Makes the pictures of README.md and docs/desk.ja.md anew (docs/images/).

    .venv/bin/python -m tests.e2e.pictures

It starts a demo of its own, lets a resident answer the handbook on the phone and on the web, and ends the demo.
It needs /usr/bin/chromium with a Japanese font, e.g. `apt-get install chromium fonts-noto-cjk`.
"""

from __future__ import annotations

import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.desk_pictures import desk_pictures
from tests.e2e.handbook import answer_on_the_phone, answer_on_the_web
from tests.e2e.phone_screen import PhoneScreen
from tests.e2e.running_demo import ROOT, Demo, running_demo

IMAGES = ROOT / "docs" / "images"
LARGEST = 400_000  # bytes
HIGH = 936  # CSS pixels of the phone, as tall as today's phones are


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_demo(Path(folder) / "demo") as demo,
        sync_playwright() as playwright,
    ):
        arguments = ["--no-sandbox", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        keep(picture_of_the_phone(browser, demo), IMAGES / "phone.png")
        keep(picture_of_the_web(browser, demo), IMAGES / "handbook-web.png")
        for name, picture in desk_pictures(browser, demo).items():
            keep(picture, IMAGES / f"{name}.png")
        browser.close()


def picture_of_the_phone(browser: Browser, demo: Demo) -> bytes:
    """A resident reads which schemes may fit; around the phone there is nothing, not even a background."""
    page = sharp_page(browser, 1280, HIGH + 40)
    phone = PhoneScreen(page)
    phone.open(f"{demo.phone}?user={demo.new_friend('みか')}")
    answer_on_the_phone(phone)
    page.locator("#quick-replies").wait_for()
    page.mouse.move(5, 5)
    page.add_style_tag(
        content="body { background: none !important } #panel, #toast { visibility: hidden }"
        f" #phone {{ height: {HIGH}px !important }}"
        " #phone { box-shadow: 0 0 0 2px #3d5248 !important } .row.selected .said > * { outline: none !important }"
    )
    # From her last answer on: what she said, what she is told, the first place to ask.
    page.locator('[data-from="person"]').last.evaluate(
        "row => { row.parentElement.parentElement.scrollTop = row.offsetTop - 70 }"
    )
    expect(page.locator('[data-from="person"]').last).to_be_in_viewport()
    box = page.locator("#phone").bounding_box()
    assert box
    around = {"x": box["x"] - 3, "y": box["y"] - 3, "width": box["width"] + 6, "height": box["height"] + 6}
    return page.screenshot(clip=around, omit_background=True)  # type: ignore[arg-type]


def picture_of_the_web(browser: Browser, demo: Demo) -> bytes:
    """The same answers on the web, as somebody with a narrow phone sees the top of the page."""
    page = sharp_page(browser, 390, 870)  # so that both stand side by side in the README
    answer_on_the_web(page, demo)
    return page.screenshot()


def sharp_page(browser: Browser, width: int, height: int) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=2, bypass_csp=True, locale="ja-JP"
    )
    context.set_default_timeout(15_000)
    return context.new_page()


def keep(picture: bytes, file: Path) -> None:
    """Writes it as small as it gets without losing a colour."""
    drawn = Image.open(BytesIO(picture))
    drawn.save(file, optimize=True)
    assert file.stat().st_size < LARGEST, f"{file.name}: {file.stat().st_size} bytes"
    print(f"{file.relative_to(ROOT)}: {drawn.width} x {drawn.height}, {file.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
