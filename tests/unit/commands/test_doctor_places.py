"""Ports and disks, as the doctor finds them."""

from __future__ import annotations

import os
import socket

import pytest

from otel_bridge.commands.doctor import disk, ports
from otel_bridge.commands.doctor.report import Report
from otel_bridge.config import BridgeConfig
from otel_bridge.exporter.posting import ahead


def test_who_listens_on_a_port_is_found_by_its_socket(tmp_path):
    (tmp_path / "net").mkdir()
    table = "  sl  local_address rem_address   st\n   0: 0100007F:10DE 00000000:0000 0A 0 0 0 0 0 4711 1\n"
    (tmp_path / "net" / "tcp").write_text(table)
    process = tmp_path / "321"
    (process / "fd").mkdir(parents=True)
    (process / "fd" / "7").symlink_to("socket:[4711]")
    (process / "comm").write_text("collector\n")
    assert ports.owner(0x10DE, tmp_path) == (321, "collector")
    assert ports.owner(0x10DF, tmp_path) is None


@pytest.mark.skipif(not os.path.exists("/proc/net/tcp"), reason="there is no /proc here")  # noqa: PTH110
def test_the_process_that_runs_this_test_is_found():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        found = ports.owner(listening.getsockname()[1])
    assert found is not None
    assert found[0] == os.getpid()


def findings(config: BridgeConfig) -> set[str]:
    report = Report()
    disk.disks(config, report)
    return {one.id for one in report.findings if one.id}


def test_a_store_at_its_limit_is_a_note(tmp_path):
    (tmp_path / "calls.db").write_bytes(bytes(16 << 20))
    assert findings(BridgeConfig(data_dir=tmp_path, max_disk="16MiB")) == {"disk.cap"}
    assert findings(BridgeConfig(data_dir=tmp_path, max_disk="1GiB")) == set()


def test_a_disk_with_less_than_must_stay_free_is_an_error(tmp_path, monkeypatch):
    free = type("Usage", (), {"free": 1 << 20})
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: free)
    assert findings(BridgeConfig(data_dir=tmp_path)) == {"disk.full"}
    free.free = 100 << 20
    assert findings(BridgeConfig(data_dir=tmp_path)) == {"disk.low"}
    assert findings(BridgeConfig(data_dir=tmp_path, max_disk="20MiB")) == set()


def memory(**taken: int | None) -> set[str]:
    report = Report()
    disk.memory({"memory": {"limit": None, "refuses_from": None, **taken}}, report)
    return {one.id for one in report.findings}


def test_memory_is_judged_by_the_limiter_else_by_the_container():
    assert memory(resident=50, total=100) == {""}
    assert memory(resident=81, total=100) == {"memory.high"}
    assert memory(resident=40, total=100, limit=50, refuses_from=45) == {""}
    assert memory(resident=47, total=100, limit=50, refuses_from=45) == {"memory.refuses"}


def test_the_date_of_an_answer_tells_how_far_a_clock_is_ahead():
    assert ahead("Fri, 01 Jan 2100 00:00:00 GMT") > 0
    assert ahead("Thu, 01 Jan 1970 00:00:00 GMT") < 0
    assert ahead("yesterday") is None
    assert ahead(None) is None
