"""A PostgreSQL server that can be killed, and hosts with networks of their own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import flask_migrate
import psycopg
import pytest

import config
from app import create_app
from broker.models import dispose_engines

OWNER = "postgres"
START_S = 30.0
TICKS = 4
NETWORK = f"10.213.{os.getpid() % 250}"
HOSTS = (f"{NETWORK}.2", f"{NETWORK}.3")
ROUTER = f"{NETWORK}.1"


def program(name: str) -> str:
    """Where a program of PostgreSQL is. Skips the test without one."""
    found = [*Path("/usr/lib/postgresql").glob(f"*/bin/{name}")]
    if not found or os.geteuid() != 0:
        pytest.skip(f"needs {name} and the right to run it as {OWNER}")
    return str(max(found))


class Cluster:
    """A server on a port of its own, that its owner may stop in any way."""

    def __init__(self, folder: Path, port: int) -> None:
        self.data, self.port = folder / "data", port
        self.url = f"postgresql+psycopg://{OWNER}@127.0.0.1:{port}/postgres"
        self._run(program("initdb"), "--auth=trust", "--no-sync", "--pgdata", str(self.data))
        with (self.data / "pg_hba.conf").open("a") as file:
            file.write(f"host all all {NETWORK}.0/24 trust\n")

    def start(self) -> None:
        """Starts it, after a crash as well, and waits until it answers."""
        self._launch()
        give_up_s = time.monotonic() + START_S
        while True:
            try:
                psycopg.connect(self.url.replace("+psycopg", ""), connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                assert time.monotonic() < give_up_s, (self.data / "log").read_text()
                time.sleep(0.05)
            if self.process.poll() is not None:
                self._launch()  # it won't start while a process of before still ends

    def _launch(self) -> None:
        log = (self.data / "log").open("ab")
        self.process = subprocess.Popen(
            [
                *(program("postgres"), "-D", str(self.data), "-p", str(self.port), "-k", ""),
                *("-c", "listen_addresses=*", "-c", "fsync=off"),
            ],
            user=OWNER,
            stdout=log,
            stderr=log,
        )
        log.close()

    def kill(self) -> None:
        """Everything at once, as when the machine dies."""
        self.process.send_signal(signal.SIGSTOP)  # so that it can't have other children meanwhile
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        for pid in (*map(int, children.split()), self.process.pid):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Ends it for good."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(START_S)

    @staticmethod
    def _run(*command: str) -> None:
        subprocess.run(command, user=OWNER, check=True, capture_output=True)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    """A running server with Broker's tables."""
    program("initdb")
    folder = tmp_path_factory.mktemp("cluster")
    shutil.chown(folder, OWNER)
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)
    port = 20_000 + os.getpid() % 10_000
    made = Cluster(folder, port)
    made.start()
    app = create_app(settings_at(made, folder / "migrating"))
    with app.app_context():
        flask_migrate.upgrade()
        dispose_engines()
    yield made
    made.stop()


def settings_at(cluster: Cluster, instance: Path) -> config.Settings:
    return config.Settings(
        instance=instance,
        timezone=config.ZoneInfo("Europe/Berlin"),
        secret_key="only-for-tests",
        database_url=cluster.url,
    )


@pytest.fixture
def settings(cluster, tmp_path) -> config.Settings:
    """An installation on the cluster, which the test before may have left residents in."""
    with psycopg.connect(cluster.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute('TRUNCATE "group", meter RESTART IDENTITY CASCADE')
    return settings_at(cluster, tmp_path)


@pytest.mark.slow
def test_after_the_sudden_death_of_postgresql(cluster, flat, serve, hear):
    server = serve()
    with flat.watch(server.settings.bind) as socket:
        time_s = flat.speak()
        hear(socket, time_s)
        died_s = time.monotonic()
        cluster.kill()
        cluster.start()
        dispose_engines()  # of this process: the server has to find out for itself
        time_s = flat.speak()
        assert hear(socket, time_s, within_s=10)["date"] == time_s
        with flat.watch_again(server.settings.bind) as newcomer:
            assert hear(newcomer, time_s)["date"] == time_s
        assert time.monotonic() - died_s < 10


@pytest.mark.slow
def test_a_browser_after_the_sudden_death_of_postgresql(
    cluster, flat, serve, open_live, expect_power
):
    open_live(serve().settings.bind)
    flat.speak(power_w=111)
    expect_power(111)
    cluster.kill()
    cluster.start()
    dispose_engines()
    flat.speak(power_w=222)
    expect_power(222, 10_000)


def cut_the_listener(cluster: Cluster) -> None:
    """As a firewall does; waits until there is one if it has just been cut before."""
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
    give_up_s = time.monotonic() + START_S
    with psycopg.connect(cluster.url.replace("+psycopg", ""), autocommit=True) as connection:
        while not connection.execute(cut, ["broker_live"]).fetchall():
            assert time.monotonic() < give_up_s
            time.sleep(0.05)


@pytest.mark.slow
def test_a_listener_whose_connection_is_cut_misses_nothing(cluster, flat, serve, hear):
    server = serve()
    with flat.watch(server.settings.bind) as socket:
        hear(socket, 0)
        for _ in range(TICKS):
            cut_the_listener(cluster)
            time_s = flat.speak()
            assert hear(socket, time_s)["date"] == time_s


@pytest.fixture
def namespaces() -> Iterator[list[str]]:
    """Two networks behind a bridge, as two machines have them. Skips where that isn't allowed."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("needs the right to make network namespaces")
    names = [f"broker-{os.getpid()}-{number}" for number in range(len(HOSTS))]
    bridge = f"brk{os.getpid() % 100_000}"

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)

    try:
        ip("link", "add", bridge, "type", "bridge")
        ip("addr", "add", f"{ROUTER}/24", "dev", bridge)
        ip("link", "set", bridge, "up")
        for number, (name, address) in enumerate(zip(names, HOSTS, strict=True)):
            ip("netns", "add", name)
            outer = f"{bridge}-{number}"
            ip("link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("link", "set", outer, "master", bridge, "up")
            ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"can't make network namespaces: {error.stderr.decode()}")
    else:
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", bridge], check=False, capture_output=True)


@pytest.mark.slow
def test_two_hosts_hear_what_each_other_take_in(cluster, flat, serve, hear, namespaces):
    address = cluster.url.replace("127.0.0.1", ROUTER)
    hosts = [
        serve(
            f"{host}:8080", ["ip", "netns", "exec", name], BROKER_DATABASE_URL=address
        ).settings.bind
        for name, host in zip(namespaces, HOSTS, strict=True)
    ]
    with flat.watch(hosts[0]) as first, flat.watch(hosts[1]) as second:
        hear(first, 0), hear(second, 0)
        for _ in range(TICKS):
            time_s = flat.speak()
            assert [hear(first, time_s)["date"], hear(second, time_s)["date"]] == [time_s, time_s]
