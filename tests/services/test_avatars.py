from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from broker.errors import InvalidInput
from broker.services import avatars

RED, GREEN, BLUE = (220, 20, 20), (20, 200, 20), (20, 20, 220)


def encoded(image, kind="PNG", **kwargs):
    written = BytesIO()
    image.save(written, kind, **kwargs)
    return written.getvalue()


def stored(image):
    return Image.open(BytesIO(avatars.square(image)))


def looks_like(pixel, colour):
    # WebP is lossy: each channel may be a little off.
    return all(abs(a - b) < 30 for a, b in zip(pixel[:3], colour, strict=True))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "AVIF"])
@pytest.mark.parametrize(
    ("size", "side"), [((1600, 900), 512), ((300, 700), 300), ((512, 512), 512), ((1, 3), 1)]
)
def test_a_picture_becomes_a_square_of_at_most_512_px(kind, size, side):
    picture = stored(encoded(Image.new("RGB", size, RED), kind))
    assert picture.format == "WEBP"
    assert picture.size == (side, side)
    assert looks_like(picture.convert("RGB").getpixel((0, 0)), RED)


def test_the_middle_is_kept():
    wide = Image.new("RGB", (900, 300), RED)
    wide.paste(BLUE, (300, 0, 600, 300))
    picture = stored(encoded(wide)).convert("RGB")
    for corner in ((5, 5), (294, 294)):
        assert looks_like(picture.getpixel(corner), BLUE)


def test_a_photo_held_sideways_is_turned_and_tells_nothing_else():
    photo = Image.new("RGB", (200, 200), RED)
    photo.paste(BLUE, (0, 0, 200, 100))
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: the camera's top is at the right
    exif[0x010F] = "Camera maker"
    exif.get_ifd(0x8825)[1] = "N"  # the hemisphere of the place
    picture = stored(encoded(photo, "JPEG", exif=exif, icc_profile=b"x" * 200))
    assert looks_like(picture.convert("RGB").getpixel((190, 100)), BLUE)
    assert looks_like(picture.convert("RGB").getpixel((10, 100)), RED)
    assert dict(picture.getexif()) == {}
    assert not {"exif", "icc_profile", "xmp"} & set(picture.info)


def test_text_inside_a_picture_is_dropped():
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_text("Comment", "taken at home")
    image = avatars.square(encoded(Image.new("RGB", (20, 20)), pnginfo=text))
    assert b"taken at home" not in image


def test_the_first_frame_of_an_animation_is_taken():
    first, second = Image.new("RGB", (40, 40), GREEN), Image.new("RGB", (40, 40), RED)
    image = encoded(first, "GIF", save_all=True, append_images=[second])
    picture = stored(image)
    assert getattr(picture, "n_frames", 1) == 1
    assert looks_like(picture.convert("RGB").getpixel((20, 20)), GREEN)


def test_transparency_is_kept():
    picture = stored(encoded(Image.new("RGBA", (40, 40), (0, 0, 0, 0))))
    assert picture.convert("RGBA").getpixel((20, 20))[3] == 0


def png_that_claims(width, height):
    """The header of a PNG and one line of it: 60 bytes that would unfold to the whole size."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * (width * 3 + 1))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (8_000, 5_001), (60_000, 60_000)])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(width, height):
    # 60000 × 60000 pixels would take 10 GB of memory.
    with pytest.raises(InvalidInput, match="40 megapixels"):
        avatars.square(png_that_claims(width, height))


def test_more_than_5_mb_are_refused():
    with pytest.raises(InvalidInput, match="5 MB"):
        avatars.square(b"\x89PNG" + b"\0" * avatars.MAX_BYTES)


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"GIF89a", id="a beginning"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="svg"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", id="a program"),
        pytest.param(encoded(Image.effect_noise((99, 99), 50), "JPEG")[:2000], id="cut off"),
        pytest.param(encoded(Image.new("RGB", (9, 9)), "TIFF"), id="a kind that is not shown"),
    ],
)
def test_what_is_not_an_image_is_refused(image):
    with pytest.raises(InvalidInput, match="avatar"):
        avatars.square(image)
