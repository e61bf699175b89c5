"""Writes a data directory with the code of a commit, and what that code answers about it.

    python -m tests.upgrade.make 0.2.0            # from the code as it lies here
    python -m tests.upgrade.make 0.2.0 v0.2.0     # from a tag or a commit

A bridge of that code gets recorded spans, calls over the API and what lies beside calls, with an upstream
that refuses one call and then is away: so there are calls, feedback, records that wait and dead letters, as
far as the version has them. Commit what it writes to `tests/fixtures/upgrade`.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

import apsw

from tests.contract.api.bodies import a_batch, call_id, end_item, start_item
from tests.e2e import client, process
from tests.faults.behaviours import status
from tests.faults.upstream import upstream
from tests.fixtures.captures import exports, log_exports
from tests.upgrade.releases import FOLDER

PROJECT = "upgrade/test"
SPANS = ("oi-openai", "otel-openai-v2-latest")
LOGS = ("genai-openai-events",)
BESIDE = (
    ("/feedback/query", {"project_id": PROJECT}),
    ("/objs/query", {"project_id": PROJECT}),
    ("/cost/query", {"project_id": PROJECT}),
)
WAIT_SECONDS = 60


def main(name: str, commit: str | None = None) -> None:
    """Make the fixture `name`."""
    with tempfile.TemporaryDirectory() as folder:
        code = process.ROOT if commit is None else _code_of(commit, Path(folder) / "code")
        said = _written(Path(folder) / "data", code, Path(folder) / "log")
        (Path(folder) / "said.json").write_text(json.dumps(said, indent=1, sort_keys=True))
        FOLDER.mkdir(exist_ok=True)
        target = FOLDER / f"{name}.tar.xz"
        with tarfile.open(target, "w:xz", preset=9) as archive:
            for path in ("data", "said.json"):
                archive.add(Path(folder) / path, path, filter=_plain)
    print(target, target.stat().st_size, "bytes", said["schemas"])


def _code_of(commit: str, folder: Path) -> Path:
    packed = subprocess.run(
        ["git", "archive", commit, "otel_bridge"], cwd=process.ROOT, check=True, capture_output=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def _written(data_dir: Path, code: Path, log: Path) -> dict[str, Any]:
    has_queue = (code / "otel_bridge" / "queue").exists()
    has_logs = '"--logs"' in (code / "otel_bridge" / "cli.py").read_text()
    with upstream() as weave:
        flags = ["--retention=off"]
        if has_queue:
            flags += [f"--upstream={weave.url}", "--shutdown-timeout=6s"]
        if has_logs:
            flags.append("--logs=on")
        weave.always = status(400)
        env = {"PYTHONPATH": str(code), "WANDB_API_KEY": "k" * 40}
        bridge = process.start(data_dir, *flags, log_file=log, **env)
        try:
            if has_queue:
                _write(bridge, a_batch(start_item(90, project_id=PROJECT)))
                weave.wait(lambda: bool(weave.requests), WAIT_SECONDS)
                _wait_for_letter(data_dir / "dead" / "dead_letters.db")
            weave.always = status(503)
            _fill(bridge)
            said = _asked(bridge)
        finally:
            bridge.terminate()
            bridge.process.stdout.close()
    for leftover in ("api", "lock", "probes"):
        (data_dir / leftover).unlink(missing_ok=True)
    return said | _queued(data_dir, code) | {"schemas": _schemas(data_dir)}


def _wait_for_letter(path: Path) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        database = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        letters = database.execute("SELECT count(*) FROM letters").get
        database.close()
        if letters:
            return
    raise AssertionError("no dead letter")


def _write(bridge: process.Bridge, body: dict[str, Any], path: str = "/call/upsert_batch") -> bool:
    status, answer = client.call(
        f"{bridge.api}{path}", json.dumps(body).encode(), Content_Type="application/json"
    )
    assert status in {200, 404}, (path, status, answer)
    return status == 200


def _fill(bridge: process.Bridge) -> None:
    sent = [(export, "traces") for capture in (*SPANS, *LOGS) for export in exports(capture)]
    sent += [(export, "logs") for capture in LOGS for export in log_exports(capture)]
    for export, signal in sent:
        kind = "application/json" if export.encoding.value == "json" else "application/x-protobuf"
        headers = {"Content_Type": kind, "project_id": PROJECT}
        client.call(f"{bridge.http}/v1/{signal}", export.body, **headers)
    items = [start_item(1, project_id=PROJECT, started_at="2026-11-01T00:00:00Z", inputs={"q": "Größe"})]
    items += [end_item(1, project_id=PROJECT, ended_at="2026-11-01T00:00:01Z", output={"a": [1, None]})]
    items += [start_item(2, project_id=PROJECT, parent_id=call_id(1))]
    items += [end_item(3, project_id=PROJECT, exception="boom")]  # its start never comes
    items += [start_item(4, project_id=PROJECT)]
    _write(bridge, a_batch(*items))
    _write(bridge, {"project_id": PROJECT, "call_ids": [call_id(4)]}, "/calls/delete")
    _write(bridge, {"project_id": PROJECT, "call_id": call_id(2), "display_name": "named"}, "/call/update")
    ref = f"weave:///{PROJECT}/call/{call_id(1)}"
    feedback = {"project_id": PROJECT, "weave_ref": ref, "feedback_type": "note", "payload": {"note": "good"}}
    _write(bridge, feedback, "/feedback/create")
    _write(bridge, {"obj": {"project_id": PROJECT, "object_id": "thing", "val": {"a": 1}}}, "/obj/create")
    price = {"prompt_token_cost": 0.5, "completion_token_cost": 1.5}
    _write(bridge, {"project_id": PROJECT, "costs": {"gpt-x": price}}, "/cost/create")


def _asked(bridge: process.Bridge) -> dict[str, Any]:
    """What the version says about what it keeps."""
    said: dict[str, Any] = {"calls": client.post(bridge.api, "/calls/stream_query", {"project_id": PROJECT})}
    for path, body in BESIDE:
        status, answer = client.call(
            f"{bridge.api}{path}", json.dumps(body).encode(), Content_Type="application/json"
        )
        if status == 200:
            said[path] = json.loads(answer)
    return said


def _queued(data_dir: Path, code: Path) -> dict[str, Any]:
    """What waits, and what died, as the version exports it."""
    if not (data_dir / "queue.db").exists():
        return {}
    return {
        name: _exported(code, f"--data-dir={data_dir}", *more)
        for name, more in (("waiting", ()), ("dead", ("--dead-letters",)))
    }


def _exported(code: Path, *arguments: str) -> list[Any]:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "otel_bridge", "queue", "export", *arguments],
        env=os.environ | {"PYTHONPATH": str(code)},
        check=True,
        capture_output=True,
        text=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def _schemas(data_dir: Path) -> dict[str, int]:
    found = {}
    for name in ("calls.db", "queue.db", "dead/dead_letters.db"):
        if (data_dir / name).exists():
            database = apsw.Connection(str(data_dir / name), flags=apsw.SQLITE_OPEN_READWRITE)
            database.pragma("wal_checkpoint(TRUNCATE)")
            found[name] = database.pragma("user_version")
            database.close()
            for suffix in ("-wal", "-shm"):
                (data_dir / f"{name}{suffix}").unlink(missing_ok=True)
    return found


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


if __name__ == "__main__":
    main(*sys.argv[1:])
