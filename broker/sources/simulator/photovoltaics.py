"""Photovoltaic plants: from the sky over the house to the power at the inverter's terminals."""

import math
from dataclasses import dataclass

import numpy as np

from broker.sources.simulator.curve import Powers
from broker.sources.simulator.sun import SunPath

_ALBEDO = 0.2
_TEMPERATURE_COEFFICIENT_PER_K = -0.0035
_HEATING_K_M2_PER_W = 0.031  # (NOCT 45 °C − 20 °C) / 800 W/m²
_LOWEST_SINE = 0.05  # Below 3° the beam's horizontal share is too small to divide by.


@dataclass(frozen=True, slots=True)
class Irradiance:
    """What reaches the ground in each slot of a day, and where the sun stands."""

    sun: SunPath
    global_w_m2: Powers
    diffuse_w_m2: Powers
    temperature_c: Powers


@dataclass(frozen=True, slots=True)
class PanelField:
    """Modules that look the same way. Azimuth: 90° is east, 180° south, 270° west."""

    peak_w: float
    azimuth_deg: float
    tilt_deg: float

    def irradiance_w_m2(self, sky: Irradiance) -> Powers:
        """Irradiance on the modules: beam, isotropic diffuse and ground (Liu & Jordan 1960)."""
        azimuth, tilt = math.radians(self.azimuth_deg), math.radians(self.tilt_deg)
        incidence = (
            sky.sun.east * (math.sin(tilt) * math.sin(azimuth))
            + sky.sun.north * (math.sin(tilt) * math.cos(azimuth))
            + sky.sun.up * math.cos(tilt)
        )
        ratio = np.maximum(incidence, 0) / np.maximum(sky.sun.up, _LOWEST_SINE)
        beam = (sky.global_w_m2 - sky.diffuse_w_m2) * ratio
        diffuse = sky.diffuse_w_m2 * ((1 + math.cos(tilt)) / 2)
        ground = sky.global_w_m2 * (_ALBEDO * (1 - math.cos(tilt)) / 2)
        # More than 1,250 W/m² is never measured, even beside a bright cloud.
        return np.minimum(beam + diffuse + ground, 1250)


@dataclass(frozen=True, slots=True)
class PhotovoltaicPlant:
    """Panel fields behind one inverter."""

    fields: tuple[PanelField, ...]
    inverter_limit_w: float
    performance: float
    """Share that is left after soiling, reflection, mismatch, wiring and conversion."""
    inverter_own_use_w: float = 12.0

    def power_w(self, sky: Irradiance) -> Powers:
        """Alternating-current power of each slot in W: zero at night, cut off at the limit."""
        direct = np.zeros_like(sky.global_w_m2)
        for field in self.fields:
            irradiance = field.irradiance_w_m2(sky)
            cell_c = sky.temperature_c + _HEATING_K_M2_PER_W * irradiance
            derating = 1 + _TEMPERATURE_COEFFICIENT_PER_K * (cell_c - 25)
            direct += field.peak_w / 1000 * irradiance * derating
        power_w = direct * self.performance - self.inverter_own_use_w
        return np.clip(power_w, 0, self.inverter_limit_w)


def irradiance(
    sun: SunPath, clearness: Powers, extraterrestrial_w_m2: float, temperature_c: Powers
) -> Irradiance:
    """Global and diffuse irradiance on level ground, in W/m².

    Clear sky after Haurwitz (1945), diffuse share from the clearness index after Erbs (1982).
    """
    sine = np.maximum(sun.up, 1e-6)
    clear = np.where(sun.up > 0, 1098 * sine * np.exp(-0.057 / sine), 0)
    global_w_m2 = clear * clearness
    index = np.clip(global_w_m2 / (extraterrestrial_w_m2 * sine), 0, 1)
    return Irradiance(sun, global_w_m2, global_w_m2 * _diffuse_share(index), temperature_c)


def _diffuse_share(index: Powers) -> Powers:
    """Diffuse share of global irradiance for a clearness index (Erbs, Klein, Duffie 1982)."""
    # Horner's scheme: powers of an array cost ten times as much.
    between = 0.9511 + index * (-0.1604 + index * (4.388 + index * (-16.638 + index * 12.336)))
    share = np.where(index <= 0.22, 1 - 0.09 * index, between)
    return np.where(index > 0.8, 0.165, share)
