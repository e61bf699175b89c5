"""A real Apache Kafka broker: one KRaft node on loopback, its jars fetched once by `mvn`."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

if TYPE_CHECKING:
    from collections.abc import Iterator

POM: Final = Path(__file__).with_name("pom.xml")
FETCH_SECONDS: Final = 120
"""For the jars, 45 MB; then the tests that need them are skipped."""
START_SECONDS: Final = 90
STOP_SECONDS: Final = 60
MIN_JAVA: Final = 17
PORTS: Final = range(20_000, 30_000)
JAVA_OPTIONS: Final = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


def jars() -> Path:
    """Return the folder of the broker's jars; skip where they cannot be had."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            pytest.skip(f"a real Kafka broker needs `{program}`")
    if _java_version() < MIN_JAVA:
        pytest.skip(f"a real Kafka broker needs Java {MIN_JAVA}")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "otel-bridge-tests"
    folder = cache / f"kafka-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"
    if not folder.is_dir():
        _fetch(folder)
    return folder


def _java_version() -> int:
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False, timeout=60)
    version = told.stderr.partition('"')[2].partition('"')[0]
    return int(version.partition(".")[0] or 0) if version[:1].isdigit() else 0


def _fetch(folder: Path) -> None:
    """Let Maven copy the jars, all or none."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        shutil.copy(POM, scratch)
        copied = Path(scratch) / "jars"
        command = ["mvn", "-B", "-q", "dependency:copy-dependencies", "-DincludeScope=runtime"]
        process = subprocess.Popen(
            [*command, f"-DoutputDirectory={copied}"],
            cwd=scratch, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            code = process.wait(FETCH_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            pytest.skip(f"Maven could not fetch the Kafka broker within {FETCH_SECONDS} s")
        if code != 0 or not any(copied.glob("kafka_2.13-*.jar")):
            pytest.skip("Maven could not fetch the Kafka broker")
        with suppress(OSError):  # another test process was faster
            copied.rename(folder)


def _free_port() -> int:
    """Return a free port below those that systems hand out, so that nobody takes it meanwhile."""
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    pytest.skip("a real Kafka broker needs a free port")


class Broker:
    """One node, broker and controller at once, with its data in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._classpath = f"{jars()}/*"
        self._folder = folder
        self._settings = folder / "server.properties"
        self._process: subprocess.Popen[bytes] | None = None
        port, controller = _free_port(), _free_port()
        self.brokers: Final = f"127.0.0.1:{port}"
        self._settings.write_text(_settings(folder / "data", port, controller))
        log = subprocess.run(
            ["java", *JAVA_OPTIONS, "-cp", self._classpath, "kafka.tools.StorageTool",
             "format", "-t", "b3RlbC1icmlkZ2UtdGVzdA", "-c", str(self._settings)],
            capture_output=True, text=True, check=False, timeout=START_SECONDS,
        )  # fmt: skip
        assert log.returncode == 0, log.stdout + log.stderr

    def start(self) -> None:
        with (self._folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["java", *JAVA_OPTIONS, "-cp", self._classpath, "kafka.Kafka", str(self._settings)],
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop the broker as an operator does; what it holds stays on disk."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    close = stop

    def create_topics(self, *names: str, partitions: int) -> None:
        admin = self._admin()
        for made in admin.create_topics([NewTopic(name, partitions, 1) for name in names]).values():
            made.result(START_SECONDS)

    def _admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.brokers, "log_level": 0})

    def _wait_until_ready(self) -> None:
        admin = self._admin()
        for _ in range(START_SECONDS):
            assert self._process is not None
            assert self._process.poll() is None, (self._folder / "broker.log").read_text()
            with suppress(KafkaException):
                if admin.list_topics(timeout=1).brokers:
                    return
        raise AssertionError((self._folder / "broker.log").read_text())


def _settings(data: Path, port: int, controller: int) -> str:
    return f"""
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=100
group.min.session.timeout.ms=1000
num.network.threads=1
num.io.threads=2
log.cleaner.enable=false
"""


@contextmanager
def real_broker(folder: Path) -> Iterator[Broker]:
    broker = Broker(folder)
    broker.start()
    try:
        yield broker
    finally:
        broker.close()
