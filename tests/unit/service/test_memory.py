"""How much memory is taken and may be, read from files as Linux has them."""

import os

import pytest
from pydantic import ValidationError

from otel_bridge.processor.settings import MemoryLimiterSettings
from otel_bridge.service.memory import MIB, MemoryLimiter, bounds, resident_bytes, total_bytes
from otel_bridge.telemetry import Telemetry


def settings(**keys) -> MemoryLimiterSettings:
    return MemoryLimiterSettings(**keys)


@pytest.fixture
def root(tmp_path):
    """A machine of 8 GiB with nothing said about containers."""
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemFree: 1 kB\nMemTotal:        8388608 kB\n")
    (tmp_path / "sys/fs/cgroup/memory").mkdir(parents=True)
    return tmp_path


def test_without_a_container_there_is_what_the_machine_has(root):
    assert total_bytes(root) == 8 << 30
    (root / "sys/fs/cgroup/memory.max").write_text("max\n")
    assert total_bytes(root) == 8 << 30


@pytest.mark.parametrize("name", ["memory.max", "memory/memory.limit_in_bytes"])
def test_in_a_container_there_is_what_it_may_take(root, name):
    (root / "sys/fs/cgroup" / name).write_text(f"{512 * MIB}\n")
    assert total_bytes(root) == 512 * MIB


def test_a_limit_of_no_container_is_no_limit(root):
    (root / "sys/fs/cgroup/memory/memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert total_bytes(root) == 8 << 30


def test_the_tree_of_processes_is_added_up_and_those_that_are_gone_count_nothing(root):
    page = os.sysconf("SC_PAGE_SIZE")
    for pid, pages, children in ((7, 10, "8 9"), (8, 5, ""), (9, 1, "99")):
        task = root / "proc" / str(pid) / "task" / str(pid)
        task.mkdir(parents=True)
        (task / "children").write_text(children)
        (root / "proc" / str(pid) / "statm").write_text(f"100 {pages} 1 1 0 1 0\n")
    assert resident_bytes(7, root) == 16 * page


def test_this_process_takes_some_memory():
    assert 1 * MIB < resident_bytes(os.getpid()) < total_bytes()


BOUNDS = [
    ({"limit_mib": 100}, (80 * MIB, 100 * MIB)),
    ({"limit_mib": 100, "spike_limit_mib": 30}, (70 * MIB, 100 * MIB)),
    ({"limit_percentage": 50}, (400 * MIB, 500 * MIB)),
    ({"limit_percentage": 50, "spike_limit_percentage": 20}, (300 * MIB, 500 * MIB)),
    ({"limit_mib": 100, "spike_limit_mib": 200}, (0, 100 * MIB)),
]


@pytest.mark.parametrize(("keys", "found"), BOUNDS)
def test_refusing_begins_a_spike_below_the_limit(keys, found):
    assert bounds(settings(**keys), 1000 * MIB) == found


def test_it_refuses_above_and_takes_again_below():
    telemetry = Telemetry()
    limiter = MemoryLimiter(settings(limit_mib=100), telemetry, total=1)
    assert limiter() is None
    limiter.see(81 * MIB)
    assert "more memory than it may" in limiter()
    limiter.see(80 * MIB)
    assert limiter() is None
    assert telemetry.value("otel_bridge_memory_limiter_refused_requests_total") == 1
    assert telemetry.value("otel_bridge_memory_limiter_rss_bytes") == 80 * MIB
    assert telemetry.value("otel_bridge_memory_limiter_limit_bytes") == 100 * MIB


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"limit_mib": 100, "limit_percentage": 50},
        {"limit_mib": 100, "spike_limit_mib": 1, "spike_limit_percentage": 1},
        {"limit_mib": 100, "check_interval": "0s"},
        {"limit_mib": 1},
    ],
)
def test_settings_that_make_no_sense_are_told(keys):
    with pytest.raises(ValidationError):
        settings(**keys)
