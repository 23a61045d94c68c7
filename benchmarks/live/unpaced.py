"""Broker for these benchmarks: it tells at any rate, and how many greenlets it has."""

from __future__ import annotations

import gc
import os

from flask import Flask
from greenlet import greenlet

from app import create_app
from broker.live import hub

if "BENCH_RHYTHM_S" in os.environ:
    hub.rhythm_s = float(os.environ["BENCH_RHYTHM_S"])


def create() -> Flask:
    """The app with one path more."""
    app = create_app()

    @app.get("/bench/greenlets")
    def greenlets() -> dict[str, int]:
        gc.collect()
        alive = [each for each in gc.get_objects() if isinstance(each, greenlet) and not each.dead]
        return {"greenlets": len(alive)}

    return app
