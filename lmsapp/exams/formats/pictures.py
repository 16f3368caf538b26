"""Pictures inside a file, judged by their content: what they are and how large, never what their name says."""

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass, field

LARGEST = 1 << 20
MOST_PIXELS = 4_000
TYPES = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}
_JPEG_SIZES = frozenset({0xC0, 0xC1, 0xC2, 0xC3})
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True)
class Picture:
    """A picture that can be kept: its media type, its octets and their SHA-256."""

    media_type: str
    content: bytes = field(repr=False)
    digest: str

    @property
    def reference(self) -> dict[str, str]:
        """How an entry speaks of it."""
        return {"digest": self.digest, "type": self.media_type}


def decoded(text: str) -> bytes | None:
    """Base64 as files carry it, broken into lines or not; None when it is none."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def judged(content: bytes) -> Picture | None:
    """The picture these octets are; None for what is no PNG, JPEG, GIF or WebP of a size that can be shown."""
    if len(content) > LARGEST:
        return None
    for media_type, sized in (("image/png", _png), ("image/jpeg", _jpeg), ("image/gif", _gif), ("image/webp", _webp)):
        size = sized(content)
        if size is not None:
            fits = all(1 <= side <= MOST_PIXELS for side in size)
            return Picture(media_type, content, hashlib.sha256(content).hexdigest()) if fits else None
    return None


def _png(content: bytes) -> tuple[int, int] | None:
    if content[:8] != b"\x89PNG\r\n\x1a\n" or content[12:16] != b"IHDR" or len(content) < 33:
        return None
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def _gif(content: bytes) -> tuple[int, int] | None:
    if content[:6] not in (b"GIF87a", b"GIF89a") or len(content) < 14:
        return None
    width, height = struct.unpack("<HH", content[6:10])
    return width, height


def _webp(content: bytes) -> tuple[int, int] | None:
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP" or len(content) < 30:
        return None
    if content[12:16] == b"VP8X":
        return int.from_bytes(content[24:27], "little") + 1, int.from_bytes(content[27:30], "little") + 1
    if content[12:16] == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", content[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _jpeg(content: bytes) -> tuple[int, int] | None:
    """Walks the segments to the one that tells the size (ITU T.81, B.2.2)."""
    if content[:3] != b"\xff\xd8\xff":
        return None
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker in _JPEG_SIZES:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += (
            1 if marker == 0xFF else 2 if marker in _JPEG_BARE else 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        )
    return None
