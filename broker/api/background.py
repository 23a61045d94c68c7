"""Work that an answer doesn't wait for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from flask import Flask, current_app

log = logging.getLogger(__name__)


def later(job: Callable[..., None], *args: Any, **kwargs: Any) -> None:
    """Runs a job beside the request (under gevent in a greenlet); its failure is logged."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def run() -> None:
        try:
            with app.app_context():
                job(*args, **kwargs)
        except Exception:
            log.exception("%s failed", job.__name__)
        finally:
            running.discard(thread)

    running: set[threading.Thread] = app.extensions.setdefault("background", set())
    thread = threading.Thread(target=run, name=job.__name__)
    running.add(thread)
    thread.start()


def finish(app: Flask) -> None:
    """Waits until everything that was begun is done."""
    for thread in list(app.extensions.get("background", ())):
        thread.join()
