"""Whether the files that `deploy/Dockerfile` copies are all that Broker needs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest

import config

COPIED = re.compile(r"^COPY (?!--from)(.+) (\S+)$", re.MULTILINE)


@pytest.mark.slow
def test_the_image_has_all_that_broker_needs(tmp_path):
    image, instance = tmp_path / "image", tmp_path / "instance"
    image.mkdir()
    for sources, target in COPIED.findall((config.PROJECT / "deploy" / "Dockerfile").read_text()):
        for source in sources.split():
            path, goal = config.PROJECT / source, image / target
            if path.is_dir():
                shutil.copytree(path, goal)
            else:
                goal = goal / path.name if target.endswith("/") else goal
                goal.parent.mkdir(exist_ok=True)
                shutil.copy(path, goal)
    environment = {key: value for key, value in os.environ.items() if key[:7] != "BROKER_"}
    environment |= {"BROKER_INSTANCE": str(instance), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=image,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("-m", "flask", "--app", "app", "db", "upgrade")
    assert "none yet" in run("-m", "flask", "--app", "app", "group", "list")
    server = ("--config", "deploy/gunicorn.conf.py", "app:create_app()")
    run("-m", "gunicorn", "--check-config", *server)
    page = "headers={'Accept': 'text/html', 'Accept-Language': 'de'}"
    ask = f"create_app().test_client().get('/login', {page}).text"
    assert "Anmelden" in run("-c", f"from app import create_app; print({ask})")
