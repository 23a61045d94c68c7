"""Everybody in the house has a face of their own, always the same."""

import io

from PIL import Image

from broker.sources.simulator.portraits import portrait


def test_a_portrait_is_a_square_png_of_256_px():
    with Image.open(io.BytesIO(portrait(3))) as image:
        assert image.format == "PNG"
        assert image.size == (256, 256)


def test_a_number_always_gives_the_same_face():
    assert portrait(7) == portrait(7)


def test_ten_people_have_ten_faces():
    assert len({portrait(number) for number in range(10)}) == 10
