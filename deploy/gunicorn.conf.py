"""gunicorn for Broker: `python -m gunicorn --config deploy/gunicorn.conf.py "app:create_app()"`."""

import gc
import json
import resource
from pathlib import Path

from gevent import sleep, spawn
from gunicorn import util

from config import load_or_exit

SETTINGS = load_or_exit()

bind = SETTINGS.bind
workers = SETTINGS.web_workers
# The worker patches the standard library before it loads the app, so the app isn't preloaded.
worker_class = "gevent"
# Requests at the same time and browsers that wait for their next click. Live views don't count:
# their connections are handed over.
worker_connections = 4000
# A worker that says nothing for so long is replaced; requests themselves may take longer.
timeout = 60
# Requests take less. Browsers hold connections for their next click: they aren't waited for.
graceful_timeout = 3
keepalive = 30
# The heartbeat is a file: in memory, so that a slow disk can't make a worker look dead.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None
control_socket_disable = True
accesslog = None
errorlog = "-"
loglevel = "warning"

LONGEST_DESCRIPTION = 500
"""Characters: what can't be read is repeated in the answer."""
STOP_NOTICED_WITHIN_S = 0.3

# Every open live view is an open file, and what is allowed is more than what is usual.
_, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))


def write_error(connection, status, reason, description):
    """What never reaches the app, since it is no HTTP or too long, gets the same error object."""
    name = reason.title().replace(" ", "")
    text = (description or reason)[:LONGEST_DESCRIPTION]
    body = json.dumps({"errorName": name, "errorDescription": text})
    head = (
        f"HTTP/1.1 {status} {reason}",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "X-Content-Type-Options: nosniff",
    )
    util.write_nonblock(connection, "\r\n".join((*head, "", body)).encode("ascii"))


util.write_error = write_error  # gunicorn's own writes HTML, and there is no setting for it


def post_worker_init(worker):
    """The app lives as long as its worker, so the collector of garbage need not look at it; and an
    answer of some thousand values is no reason to look for cycles."""
    _prepare_the_standard_household()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    spawn(_end_live_views, worker)


def _prepare_the_standard_household():
    """Holidays and load profile take a tenth of a second: nobody's first request waits for them."""
    from broker.clock import now_s  # not before the worker has patched the standard library
    from broker.services import standard_load_profile

    household = standard_load_profile.StandardHousehold.chosen(
        SETTINGS.load_profile, SETTINGS.federal_state, SETTINGS.timezone
    )
    standard_load_profile.prepare(household, now_s())


def _end_live_views(worker):
    """They would go on for ever: a worker that is told to stop waits for its connections."""
    from broker.live import hub  # not before the worker has patched the standard library

    while worker.alive:
        sleep(STOP_NOTICED_WITHIN_S)
    hub.close()


def post_request(worker, request, environ, response):
    """Lets the other connections have their turn: without it one that never pauses, as a client
    with keep-alive does, would be served again and again while the others wait."""
    sleep(0)
