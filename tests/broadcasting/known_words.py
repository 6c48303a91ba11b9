"""What the tests of forms check against: the real content, one course, two photos."""

from __future__ import annotations

import io

from PIL import Image
from town import PUBLIC_URL, the_content

from bot.broadcasting.known import Known, NoPhoto
from bot.broadcasting.sayings import sayings

PHOTO_ID = "a" * 64


def photo(name: str) -> str:
    if name != "tsudoi.jpg":
        raise NoPhoto(f"「{name}」というファイルはありません。")
    return PHOTO_ID


def known(course: str | None = "養成講座") -> Known:
    content = the_content()
    return Known(content, PUBLIC_URL, sayings(content), course, photo)


def a_jpeg(size: tuple[int, int] = (800, 600)) -> bytes:
    file = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(file, "JPEG")
    return file.getvalue()
