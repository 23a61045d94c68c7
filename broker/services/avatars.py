"""Pictures of residents: any real image in, a small square WebP without metadata out."""

from __future__ import annotations

import base64
from io import BytesIO

from PIL import Image, ImageOps
from sqlalchemy import bindparam, select

from broker import errors
from broker.models import AccountState, Avatar, User, db
from broker.services.side_thread import SideThread

MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 40_000_000
SIDE_PX = 512
QUALITY = 85
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP")

# Pillow would warn of large pictures; here they are refused, before any pixel is decoded.
Image.MAX_IMAGE_PIXELS = None

_side_thread = SideThread()

AVATARS_OF_GROUP = (
    select(User.id, Avatar.image)
    .outerjoin(Avatar, Avatar.user_id == User.id)
    .where(
        User.group_id == bindparam("group_id"),
        User.state != AccountState.DEACTIVATED.value,
    )
    .order_by(User.id)
)


def square(image: bytes) -> bytes:
    """A picture as the square WebP that is stored. Raises InvalidInput unless it is an image."""
    if len(image) > MAX_BYTES:
        raise errors.InvalidInput(f"avatar: It has more than {MAX_BYTES // 1024**2} MB.")
    return _side_thread.run(_squared, image)


def of_group(group_id: int) -> list[dict[str, int | str | None]]:
    """Id and picture, base64 or None, of each member of a group."""
    with db.engine.connect() as connection:
        rows = connection.execute(AVATARS_OF_GROUP, {"group_id": group_id}).all()
    return [{"id": row.id, "avatar": as_base64(row.image)} for row in rows]


def as_base64(image: bytes | None) -> str | None:
    """A picture as the contract writes it."""
    return None if image is None else base64.b64encode(image).decode("ascii")


def _squared(image: bytes) -> bytes:
    try:
        with Image.open(BytesIO(image), formats=FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise errors.InvalidInput(
                    f"avatar: It has more than {MAX_PIXELS // 10**6} megapixels."
                )
            return _drawn(picture)
    except errors.InvalidInput:
        raise
    except Exception as error:
        # Pillow's decoders raise all kinds of errors on broken files, from struct.error to
        # SyntaxError. Each of them means the same here.
        raise errors.InvalidInput("avatar: This is not an image that can be read.") from error


def _drawn(picture: Image.Image) -> bytes:
    picture.draft("RGB", (2 * SIDE_PX, 2 * SIDE_PX))  # a large JPEG is decoded at a smaller scale
    upright = ImageOps.exif_transpose(picture)
    has_alpha = upright.has_transparency_data
    side_px = min(SIDE_PX, *upright.size)
    drawn = ImageOps.fit(upright.convert("RGBA" if has_alpha else "RGB"), (side_px, side_px))
    webp = BytesIO()
    drawn.save(webp, "WEBP", quality=QUALITY, exif=b"", icc_profile=b"", xmp=b"")
    return webp.getvalue()
