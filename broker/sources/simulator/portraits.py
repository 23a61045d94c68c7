"""Friendly faces for the people of the house, drawn from a number."""

import io
import random
from dataclasses import dataclass

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]

SIZE_PX = 256
# Drawn larger and reduced: Pillow's shapes have no smooth edges of their own.
_SCALE = 3
_SIZE = SIZE_PX * _SCALE
_LINE = 11  # px before reduction

_BACKGROUNDS: tuple[Colour, ...] = (
    (253, 224, 138), (186, 224, 205), (190, 214, 240), (244, 199, 190),
    (214, 203, 236), (200, 230, 235), (250, 214, 176), (213, 228, 172),
)  # fmt: skip
_SKINS: tuple[Colour, ...] = (
    (250, 220, 196), (241, 200, 166), (222, 172, 132), (191, 135, 96), (142, 95, 66), (104, 68, 49),
)  # fmt: skip
_HAIR: tuple[Colour, ...] = (
    (44, 36, 34), (86, 58, 42), (134, 88, 50), (205, 162, 92), (168, 78, 44), (172, 170, 172),
)  # fmt: skip
_CLOTHES: tuple[Colour, ...] = (
    (38, 92, 118), (178, 74, 62), (60, 124, 92), (112, 84, 150), (214, 136, 46), (66, 76, 108),
)  # fmt: skip
# Where a fringe ends on the head's circle, in degrees clockwise from the right.
_FRINGES: dict[str, tuple[float, float]] = {
    "round": (195, 345),
    "left": (170, 325),
    "right": (215, 370),
}
_INK: Colour = (48, 40, 44)


@dataclass(frozen=True, slots=True)
class _Face:
    background: Colour
    skin: Colour
    hair: Colour
    clothes: Colour
    long_hair: bool
    fringe: str
    glasses: bool
    smile: float


def portrait(seed: int) -> bytes:
    """A square picture of 256 px as PNG; the same number always gives the same face."""
    face = _face(random.Random(seed))
    image = Image.new("RGB", (_SIZE, _SIZE), face.background)
    draw = ImageDraw.Draw(image)
    _draw_body(draw, face)
    _draw_head(draw, face)
    _draw_features(draw, face)
    reduced = image.resize((SIZE_PX, SIZE_PX), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    reduced.save(file, format="PNG", optimize=True)
    return file.getvalue()


def _face(chance: random.Random) -> _Face:
    return _Face(
        background=chance.choice(_BACKGROUNDS),
        skin=chance.choice(_SKINS),
        hair=chance.choice(_HAIR),
        clothes=chance.choice(_CLOTHES),
        long_hair=chance.random() < 0.5,
        fringe=chance.choice(("round", "left", "right", "curls")),
        glasses=chance.random() < 0.35,
        smile=chance.uniform(0.6, 1.0),
    )


def _draw_body(draw: ImageDraw.ImageDraw, face: _Face) -> None:
    if face.long_hair:
        draw.rounded_rectangle(_box(0.25, 0.24, 0.75, 0.80), _SIZE * 0.2, fill=face.hair)
    draw.ellipse(_box(0.16, 0.76, 0.84, 1.4), fill=face.clothes)
    draw.rounded_rectangle(_box(0.42, 0.62, 0.58, 0.84), _SIZE * 0.07, fill=_darker(face.skin))


def _draw_head(draw: ImageDraw.ImageDraw, face: _Face) -> None:
    for left in (0.245, 0.665):
        draw.ellipse(_box(left, 0.43, left + 0.09, 0.55), fill=_darker(face.skin))
    draw.ellipse(_box(0.28, 0.16, 0.72, 0.56), fill=face.hair)
    draw.ellipse(_box(0.29, 0.22, 0.71, 0.74), fill=face.skin)
    if face.fringe == "curls":
        for step in range(6):
            left = 0.25 + step * 0.078
            lift = 0.05 * (1 - abs(step - 2.5) / 2.5)
            draw.ellipse(_box(left, 0.19 - lift, left + 0.12, 0.33 - lift), fill=face.hair)
        return
    draw.chord(_box(0.28, 0.15, 0.72, 0.55), *_FRINGES[face.fringe], fill=face.hair)


def _draw_features(draw: ImageDraw.ImageDraw, face: _Face) -> None:
    for centre in (0.41, 0.59):
        _draw_eye(draw, face, centre)
        cheek = 0.5 + (centre - 0.5) * 1.55
        draw.ellipse(_box(cheek - 0.035, 0.545, cheek + 0.035, 0.595), fill=_rosy(face.skin))
    draw.arc(_box(0.47, 0.50, 0.53, 0.565), 20, 160, fill=_darker(face.skin), width=_LINE)
    half = 0.1 * face.smile
    mouth = _box(0.5 - half, 0.545, 0.5 + half, 0.66)
    draw.chord(mouth, 15, 165, fill=(255, 250, 246))
    draw.arc(mouth, 15, 165, fill=(168, 60, 62), width=_LINE)
    if face.glasses:
        for centre in (0.41, 0.59):
            rim = _box(centre - 0.075, 0.405, centre + 0.075, 0.545)
            draw.ellipse(rim, outline=_INK, width=_LINE)
        draw.line(_box(0.485, 0.47, 0.515, 0.47), fill=_INK, width=_LINE)


def _draw_eye(draw: ImageDraw.ImageDraw, face: _Face, centre: float) -> None:
    draw.ellipse(_box(centre - 0.025, 0.445, centre + 0.025, 0.505), fill=_INK)
    draw.ellipse(_box(centre - 0.002, 0.452, centre + 0.014, 0.47), fill=(255, 255, 255))
    brow = _box(centre - 0.05, 0.385, centre + 0.05, 0.445)
    draw.arc(brow, 205, 335, fill=face.hair, width=_LINE)


def _box(left: float, top: float, right: float, bottom: float) -> Box:
    return left * _SIZE, top * _SIZE, right * _SIZE, bottom * _SIZE


def _darker(colour: Colour) -> Colour:
    red, green, blue = colour
    return red * 9 // 10, green * 17 // 20, blue * 4 // 5


def _rosy(colour: Colour) -> Colour:
    red, green, blue = colour
    return min(255, red + 6), green * 9 // 10, blue * 9 // 10
