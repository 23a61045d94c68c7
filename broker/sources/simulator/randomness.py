"""Random numbers that depend on what they are for and never on what was asked before."""

from datetime import date

import numpy as np

WEATHER_STREAM = 1000
VACATION_STREAM = 2000


def generator(seed: int, stream: int, number: int) -> np.random.Generator:
    """A generator for one purpose: a stream is a meter or the weather, a number a day or a year."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, stream, number))))


def day_generator(seed: int, stream: int, day: date) -> np.random.Generator:
    """The generator of one stream on one day."""
    return generator(seed, stream, day.toordinal())
