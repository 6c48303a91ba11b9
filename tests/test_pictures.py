"""A photo is kept small, upright and with nothing in it but its pixels; what is no photo is refused quickly."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from bot import pictures
from bot.pictures import LONGEST_SIDE, MOST_BYTES, NoPicture, TooBig, small

ORIENTATION, GPS, MAKER, WHEN = 0x0112, 0x8825, 0x010F, 0x0132
CANARY = "KAMERA-CANARY"


def photo(kind: str = "JPEG", size: tuple[int, int] = (400, 100), mode: str = "RGB", **how: Any) -> bytes:
    """A red picture whose left end is blue, as a file."""
    picture = Image.new("RGB", size, "red")
    picture.paste("blue", (0, 0, size[0] // 4, size[1]))
    file = io.BytesIO()
    picture.convert(mode).save(file, kind, **how)
    return file.getvalue()


def exif(**more: Any) -> Image.Exif:
    """What a phone writes into a photo: where it was taken, by what, when, and how the phone was held."""
    made = Image.Exif()
    made[MAKER], made[WHEN] = CANARY, "2026:11:30 21:00:00"
    made[GPS] = {1: "N", 2: (35.0, 30.0, 12.5), 3: "E", 4: (134.0, 14.0, 7.0), 29: CANARY}
    for tag, value in more.items():
        made[int(tag.removeprefix("tag"))] = value
    return made


def opened(jpeg: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(jpeg))
    picture.load()
    return picture


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_place_camera_and_time_stay_behind(kind: str) -> None:
    raw = photo(kind, exif=exif())
    assert CANARY.encode() in raw
    kept = small(raw)
    assert CANARY.encode() not in kept.jpeg
    picture = opened(kept.jpeg)
    assert picture.format == "JPEG"
    assert dict(picture.getexif()) == {}
    assert not set(picture.info) - {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi"}


def test_comments_xmp_and_whatever_hangs_behind_stay_behind() -> None:
    raw = photo(comment=CANARY.encode(), xmp=f"<x:xmpmeta>{CANARY}</x:xmpmeta>".encode())
    raw += CANARY.encode() + photo(exif=exif())
    assert raw.count(CANARY.encode()) >= 4
    assert CANARY.encode() not in small(raw).jpeg


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_phone_held_upright_gives_an_upright_picture(kind: str) -> None:
    kept = small(photo(kind, exif=exif(tag274=6)))  # 6: to be turned by 90 degrees clockwise
    assert (kept.width, kept.height) == (100, 400)
    top, bottom = (opened(kept.jpeg).getpixel((50, at)) for at in (10, 390))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[2] > 200 > bottom[2]  # what was at the left is now at the top


def test_a_large_photo_is_made_small() -> None:
    kept = small(photo(size=(4000, 3000)))
    assert (kept.width, kept.height) == (LONGEST_SIDE, 1200)
    assert opened(kept.jpeg).size == (LONGEST_SIDE, 1200)


def test_a_small_photo_keeps_its_size() -> None:
    assert (small(photo(size=(30, 20))).width, small(photo(size=(30, 20))).height) == (30, 20)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "L"),
        ("JPEG", "CMYK"),
        ("PNG", "P"),
        ("PNG", "1"),
        ("PNG", "I;16"),
        ("PNG", "LA"),
        ("WEBP", "RGBA"),
    ],
)
def test_every_way_of_saying_colours_is_understood(kind: str, mode: str) -> None:
    source = "L" if mode == "I;16" else mode
    picture = Image.new("RGB", (40, 40), "white").convert(source).convert(mode)
    file = io.BytesIO()
    picture.save(file, kind)
    assert opened(small(file.getvalue()).jpeg).mode == "RGB"


def test_what_was_transparent_is_white() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(file, "PNG")
    assert opened(small(file.getvalue()).jpeg).getpixel((20, 20)) == (255, 255, 255)


def test_two_pictures_in_one_file_as_phones_write_them() -> None:
    file = io.BytesIO()
    first, second = Image.new("RGB", (40, 20), "red"), Image.new("RGB", (40, 20), "blue")
    first.save(file, "MPO", save_all=True, append_images=[second])
    kept = opened(small(file.getvalue()).jpeg)
    assert (kept.format, kept.size) == ("JPEG", (40, 20))


@pytest.mark.parametrize("part", [0.0, 0.01, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_file_that_ends_too_early_is_no_picture(kind: str, part: float) -> None:
    raw = photo(kind, size=(300, 300))
    with pytest.raises(NoPicture):
        small(raw[: int(part * len(raw))])


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"%PDF-1.7",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"RIFF\x00\x00\x00\x00WEBPVP8X",
        b"RIFF\x00\x00\x00\x00WEBP" + b"junk" * 20,
        b"\xff\xd8\xff\xe1\x00\x10Exif\x00\x00" + b"\xff" * 400,
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 64,
        b"\x00\x00\x00\x18ftypheic" + b"\x00" * 64,
    ],
    ids=["empty", "pdf", "svg", "short webp", "odd webp", "broken jpeg", "broken png", "heic"],
)
def test_what_is_no_picture_is_refused(raw: bytes) -> None:
    with pytest.raises(NoPicture):
        small(raw)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO", "PPM"])
def test_other_kinds_of_pictures_are_refused(kind: str) -> None:
    with pytest.raises(NoPicture):
        small(photo(kind, size=(32, 32)))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_broken_note_about_the_turn_does_not_cost_the_photo() -> None:
    raw = photo(exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff" + b"\x01\x12" * 40)
    assert small(raw).width == 400


def test_a_file_that_is_too_long_is_not_even_looked_at() -> None:
    with pytest.raises(TooBig):
        small(b"\x00" * (MOST_BYTES + 1))


def png_that_says(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims any size: opened in good faith it takes gigabytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\x00" * 100_000))
        + chunk(b"IEND", b"")
    )


def jpeg_that_says(width: int, height: int) -> bytes:
    raw = bytearray(photo(size=(32, 32)))
    at = raw.index(b"\xff\xc0")
    raw[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(raw)


def webp_that_says(width: int, height: int) -> bytes:
    size = b"".join((side - 1).to_bytes(3, "little") for side in (width, height))
    body = b"VP8X" + struct.pack("<I", 10) + b"\x00" * 4 + size + b"VP8 " + struct.pack("<I", 0)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def webp_without_loss_that_says(width: int, height: int) -> bytes:
    raw = bytearray(photo("WEBP", size=(32, 32), lossless=True))
    at = raw.index(b"VP8L") + 9
    raw[at : at + 4] = (width - 1 | (height - 1) << 14).to_bytes(4, "little")
    return bytes(raw)


def simple_webp_that_says(width: int, height: int) -> bytes:
    raw = bytearray(photo("WEBP", size=(32, 32)))
    at = raw.index(b"\x9d\x01\x2a") + 3
    raw[at : at + 4] = struct.pack("<HH", width, height)
    return bytes(raw)


@pytest.mark.parametrize(
    "raw",
    [
        png_that_says(60_000, 60_000),
        png_that_says(2_000_000_000, 1),
        png_that_says(6_000, 6_000),
        jpeg_that_says(65_500, 65_500),
        jpeg_that_says(9_000, 9_000),
        webp_that_says(16_383, 16_383),
        webp_that_says(6_000, 6_000),
        webp_without_loss_that_says(16_383, 16_383),
        simple_webp_that_says(16_383, 16_383),
    ],
)
def test_a_small_file_that_would_unfold_to_gigabytes_is_refused_by_its_head(
    raw: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "_drawn_anew", lambda opened: pytest.fail("it was unfolded"))
    with pytest.raises(TooBig):
        small(raw)


def test_a_progressive_jpeg_must_be_smaller_since_it_is_held_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_PIXELS_WHOLE", 300 * 300)
    assert small(photo(size=(400, 300))).width == 400
    assert small(photo(size=(300, 300), progressive=True)).width == 300
    with pytest.raises(TooBig):
        small(photo(size=(400, 300), progressive=True))


def test_a_jpeg_with_thousands_of_scans_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_drawn_anew", lambda opened: pytest.fail("it was unfolded"))
    raw = photo(progressive=True)
    scan = raw[raw.index(b"\xff\xda") : raw.index(b"\xff\xda") + 14]
    with pytest.raises(NoPicture):
        small(raw[:-2] + scan * 5_000 + raw[-2:])


def test_words_of_an_error_say_nothing_of_the_picture() -> None:
    with pytest.raises(NoPicture) as trouble:
        small(CANARY.encode())
    assert CANARY not in str(trouble.value)
