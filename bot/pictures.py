"""A photo from a phone, made safe to keep: small, upright, and without place, time, camera or comment.

Nobody's photo is kept as it came. Its pixels alone are written into a new JPEG; whatever else a file can carry
(EXIF with the place, XMP, a hidden second picture, a comment, bytes after the end) stays behind.
"""

from __future__ import annotations

import io
import struct
import threading
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageOps

MOST_BYTES: Final = 10 * 1024 * 1024
LONGEST_SIDE: Final = 1_600
QUALITY: Final = 82
MOST_PIXELS: Final = 64_000_000
"""Of a JPEG that can be read at a fraction of its size (50-megapixel phones)."""
MOST_PIXELS_WHOLE: Final = 25_000_000
"""Of all that must be held in memory whole."""
MOST_SCANS: Final = 100
"""A progressive JPEG has about ten; each one costs a walk over the whole picture, however few bytes it holds."""

FORMATS: Final = ("JPEG", "PNG", "WEBP")
_SCAN: Final = b"\xff\xda"

one_at_a_time = threading.Lock()
"""To be held by whoever calls `small`: several large pictures at once would need gigabytes."""


class TooBig(ValueError):
    """More bytes or more pixels than we read."""


class NoPicture(ValueError):
    """Not a JPEG, PNG or WebP, or a broken one."""


@dataclass(frozen=True)
class Picture:
    """A JPEG of ours and its size in pixels."""

    jpeg: bytes
    width: int
    height: int


def small(raw: bytes) -> Picture:
    """The picture as we keep it. Raises TooBig or NoPicture, which say nothing of what is in it."""
    if len(raw) > MOST_BYTES:
        raise TooBig
    _check_webp(raw)
    try:
        with Image.open(io.BytesIO(raw), formats=FORMATS) as opened:
            _check(opened, raw)
            return _drawn_anew(opened)
    except TooBig:
        raise
    except Image.DecompressionBombError as trouble:  # Pillow's own limit, for what is far beyond ours
        raise TooBig from trouble
    except Exception as trouble:  # for broken files Pillow raises nearly everything, also MemoryError's kin
        raise NoPicture from trouble


def _check_webp(raw: bytes) -> None:
    """Pillow makes room for a WebP's whole canvas while opening it, so its size is read before."""
    if raw[:4] != b"RIFF" or raw[8:12] != b"WEBP":
        return
    kind, body = raw[12:16], raw[20:30]
    if len(body) < 10:
        raise NoPicture
    if kind == b"VP8X":
        width, height = (int.from_bytes(body[at : at + 3], "little") + 1 for at in (4, 7))
    elif kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack("<HH", body[6:10]))
    else:
        raise NoPicture
    if width * height > MOST_PIXELS_WHOLE:
        raise TooBig


def _check(opened: Image.Image, raw: bytes) -> None:
    """Only the head of the file has been read so far: its word for the size is enough to refuse it."""
    jpeg = opened.format in (
        "JPEG",
        "MPO",
    )  # MPO: a JPEG with a second one behind it, as many phones write it
    in_parts = jpeg and "progressive" not in opened.info
    if opened.width * opened.height > (MOST_PIXELS if in_parts else MOST_PIXELS_WHOLE):
        raise TooBig
    if jpeg and raw.count(_SCAN) > MOST_SCANS:
        raise NoPicture


def _drawn_anew(opened: Image.Image) -> Picture:
    opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is read at 1/2, 1/4 or 1/8, whatever suffices
    opened.load()
    turned = _turned_upright(_flat(opened))
    turned.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    clean = Image.new("RGB", turned.size)  # a fresh one: Pillow carries comments and XMP over from the old
    clean.paste(turned)
    file = io.BytesIO()
    clean.save(file, "JPEG", quality=QUALITY)
    return Picture(file.getvalue(), clean.width, clean.height)


def _flat(opened: Image.Image) -> Image.Image:
    """In plain colours; what was transparent is white."""
    if opened.mode == "RGB":
        return opened
    if opened.mode.startswith("I;16"):
        return opened.point(lambda value: value / 256).convert("L").convert("RGB")
    if not opened.has_transparency_data:
        return opened.convert("RGB")
    over = opened.convert("RGBA")
    flat = Image.new("RGB", over.size, "white")
    flat.paste(over, mask=over.getchannel("A"))
    if exif := opened.info.get("exif"):
        flat.info["exif"] = exif  # for the turn that follows
    return flat


def _turned_upright(picture: Image.Image) -> Image.Image:
    """As it was seen; where the note about it cannot be read, as it lies."""
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:
        return picture
