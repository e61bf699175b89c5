"""`otel-bridge retranslate`, as a person runs it: alone, beside a bridge, stopped and killed midway."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from time import monotonic, time_ns

import apsw
import orjson
import pytest
from msgspec.structs import replace

from otel_bridge.ingest.settings import STORE_FILE
from otel_bridge.model.call import CompletedCall, UpdatedCall
from otel_bridge.model.query import CallsQuery
from otel_bridge.receiver.base import Encoding, Export
from otel_bridge.receiver.decode import decode
from otel_bridge.store.sqlite.reader import SqliteReader
from otel_bridge.store.sqlite.writer import SqliteWriter
from otel_bridge.translate.calls import translate
from tests.e2e import client
from tests.e2e.process import environment, running

OLD_VERSION = 1
ARRIVED = time_ns() // 1_000 - 3_600_000_000
"""An hour ago: within the retention of a bridge."""
COUNTS = re.compile(r"looked at ([\d,]+) calls: ([\d,]+) changed, ([\d,]+) unchanged, ([\d,]+) unreadable")
WAIT_SECONDS = 60


def old_tables(span) -> CompletedCall:
    """What an older version made of a span."""
    call = translate(span)
    assert isinstance(call, CompletedCall)
    return CompletedCall(replace(call.start, attributes=b'{"made_by":"old tables"}'), call.end)


def an_old_store(data_dir, count: int) -> set[str]:
    """Fill a data directory as an older bridge did; return the ids."""
    data_dir.mkdir(mode=0o700)
    ids: set[str] = set()
    with closing(SqliteWriter(data_dir / STORE_FILE, translate=old_tables, translator=OLD_VERSION)) as store:
        for at in range(0, count, 1_000):
            request = client.a_request(min(1_000, count - at))
            export = Export(
                body=request.SerializeToString(), encoding=Encoding.PROTOBUF, received_ns=client.START_NS
            )
            spans = decode(export, default_project=client.PROJECT).spans
            ids.update(span.id for span in spans)
            store.begin()
            store.apply([old_tables(span) for span in spans], received_at=ARRIVED + at * 1_000)
            store.commit()
    return ids


def rename(data_dir, call_id: str) -> None:
    with closing(SqliteWriter(data_dir / STORE_FILE, translate=old_tables, translator=OLD_VERSION)) as store:
        store.begin()
        store.apply([UpdatedCall(project_id=client.PROJECT, id=call_id, display_name="mine")], received_at=1)
        store.commit()


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "otel_bridge", "retranslate", *arguments]
    return subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def retranslate(*arguments: str) -> tuple[int, str, str]:
    with start(*arguments) as process:
        out, err = process.communicate(timeout=WAIT_SECONDS)
    return process.returncode, out, err


def counts(out: str) -> tuple[int, ...]:
    found = COUNTS.search(out)
    assert found, out
    return tuple(int(number.replace(",", "")) for number in found.groups())


def stored(data_dir) -> dict[str, dict]:
    with closing(SqliteReader(data_dir / STORE_FILE)) as reader:
        query, after, lines = CallsQuery(project_id=client.PROJECT), None, b""
        while True:
            plan = reader.plan(query, after=after)
            lines += reader.lines(query, plan.seqs)
            if (after := plan.after) is None:
                return {call["id"]: call for call in map(orjson.loads, lines.splitlines())}


def is_new(call: dict) -> bool:
    return "made_by" not in call["attributes"]


def done_so_far(data_dir) -> int:
    """How many calls the run under way has translated."""
    connection = apsw.Connection(str(data_dir / STORE_FILE), flags=apsw.SQLITE_OPEN_READONLY)
    with closing(connection):
        connection.set_busy_timeout(1_000)
        found = connection.execute("SELECT count(*) FROM results WHERE translator <> ?", (OLD_VERSION,)).get
    return int(found)


def wait_until_begun(data_dir) -> None:
    """Wait until a run has committed something."""
    deadline, pause = monotonic() + WAIT_SECONDS, threading.Event()
    while not done_so_far(data_dir):
        assert monotonic() < deadline
        pause.wait(0.005)


def test_without_a_bridge_the_store_is_repaired_in_place(tmp_path):
    data_dir = tmp_path / "data"
    ids = an_old_store(data_dir, 1_200)
    rename(data_dir, min(ids))
    code, out, _ = retranslate("--data-dir", str(data_dir))
    assert (code, counts(out)) == (0, (1_200, 1_200, 0, 0))
    calls = stored(data_dir)
    assert set(calls) == ids
    assert all(map(is_new, calls.values()))
    assert calls[min(ids)]["display_name"] == "mine"
    code, out, _ = retranslate("--data-dir", str(data_dir))
    assert (code, counts(out)) == (0, (0, 0, 0, 0))
    assert "1,200 more were up to date already" in out
    code, out, _ = retranslate("--data-dir", str(data_dir), "--all")
    assert (code, counts(out)) == (0, (1_200, 0, 1_200, 0))


def test_a_project_and_a_time_narrow_it(tmp_path):
    data_dir = tmp_path / "data"
    an_old_store(data_dir, 2_000)
    assert counts(retranslate("--data-dir", str(data_dir), "--project", "no/body")[1]) == (0, 0, 0, 0)
    assert counts(retranslate("--data-dir", str(data_dir), "--since", "2999-01-01")[1]) == (0, 0, 0, 0)
    later = datetime.fromtimestamp((ARRIVED + 500) / 1e6, UTC).isoformat()
    arguments = ("--project", client.PROJECT, "--since", later)
    assert counts(retranslate("--data-dir", str(data_dir), *arguments)[1]) == (1_000, 1_000, 0, 0)


def test_beside_a_running_bridge_ingest_goes_on_and_nothing_is_lost(tmp_path):
    data_dir = tmp_path / "data"
    old = an_old_store(data_dir, 5_000)
    sent: set[str] = set()
    statuses: list[int] = []
    over = threading.Event()

    def export_until_over(base: str) -> None:
        while not over.is_set():
            request = client.a_request(20)
            statuses.append(client.export(base, request))
            sent.update(client.span_ids(request))

    with running(data_dir) as bridge:
        exporter = threading.Thread(target=export_until_over, args=(bridge.http,))
        exporter.start()
        code, out, err = retranslate("--data-dir", str(data_dir))
        over.set()
        exporter.join()
        assert (code, err) == (0, "")
        assert counts(out)[1:] == (5_000, 0, 0)
        assert set(statuses) == {200}
        by_url = retranslate("--url", bridge.api)
        assert (by_url[0], counts(by_url[1])) == (0, (0, 0, 0, 0))
    calls = stored(data_dir)
    assert set(calls) == old | sent
    assert all(map(is_new, calls.values()))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_stopped_loses_nothing_and_a_second_one_does_what_is_left(tmp_path, number):
    data_dir = tmp_path / "data"
    ids = an_old_store(data_dir, 8_000)
    with start("--data-dir", str(data_dir)) as process:
        wait_until_begun(data_dir)
        process.send_signal(number)
        out, _ = process.communicate(timeout=WAIT_SECONDS)
    done = sum(map(is_new, stored(data_dir).values()))
    assert 0 < done < 8_000
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert "of 8,000; the same command goes on there" in out
    code, out, _ = retranslate("--data-dir", str(data_dir))
    assert (code, counts(out)) == (0, (8_000 - done, 8_000 - done, 0, 0))
    assert f"going on where an earlier run stopped, behind arrival {done:,} of 8,000" in out
    calls = stored(data_dir)
    assert set(calls) == ids
    assert all(map(is_new, calls.values()))


@pytest.mark.long
def test_a_bridge_that_is_killed_in_the_middle_loses_nothing_and_a_second_run_finishes(tmp_path):
    data_dir = tmp_path / "data"
    ids = an_old_store(data_dir, 8_000)
    with running(data_dir) as bridge, start("--data-dir", str(data_dir)) as process:
        wait_until_begun(data_dir)
        bridge.kill_tree()
        process.kill()
    assert 0 < sum(map(is_new, stored(data_dir).values())) < 8_000
    with running(data_dir):
        code, out, _ = retranslate("--data-dir", str(data_dir))
        assert code == 0
        assert "going on where an earlier run stopped" in out
    calls = stored(data_dir)
    assert set(calls) == ids
    assert all(map(is_new, calls.values()))


def test_a_run_waits_for_a_writer_that_is_started_again(tmp_path):
    data_dir = tmp_path / "data"
    an_old_store(data_dir, 5_000)
    with running(data_dir) as bridge:
        with start("--url", bridge.api) as process:
            wait_until_begun(data_dir)
            bridge.child("ingest.writer").kill()
            out, err = process.communicate(timeout=WAIT_SECONDS)
        assert (process.returncode, err) == (0, "")
        assert sum(counts(out)[1:3]) + int("up to date" in out) >= 4_000
    assert all(map(is_new, stored(data_dir).values()))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--data-dir", "nowhere"), 2, "there is no store in nowhere"),
        (("--url", "ftp://x"), 2, "is not a URL"),
        (("--url", "http://127.0.0.1:9"), 2, "no otel-bridge answers at"),
        (("--since", "yesterday"), 2, "neither a duration nor a time"),
        (("--project", "x"), 2, "is not ENTITY/PROJECT"),
    ],
)
def test_what_cannot_begin_is_one_clear_line(arguments, code, said):
    found, out, err = retranslate(*arguments)
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert said in err


def test_a_directory_whose_bridge_does_not_say_where_it_is_asks_for_a_url(tmp_path):
    data_dir = tmp_path / "data"
    with running(data_dir) as bridge:
        assert (data_dir / "api").read_text().strip() == bridge.api
        (data_dir / "api").unlink()
        code, _, err = retranslate("--data-dir", str(data_dir))
        assert code == 3
        assert "--url names it" in err
    assert not (data_dir / "api").exists()
