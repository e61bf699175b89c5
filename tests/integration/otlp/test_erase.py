"""What is erased is left in no file of an exporter, and not in the queue or the dead letters of others."""

from __future__ import annotations

import json

import pytest
import zstandard

from tests.e2e import client
from tests.e2e.disk import holders
from tests.e2e.process import running
from tests.e2e.test_erase import SECRET, a_request, erase
from tests.integration.otlp.metrics import eventually, metric
from tests.integration.otlp.sink import listening


def config(path, folder, refusing: str) -> str:
    """A store, a file that rotates, a compressed one, a receiver that is away and one that refuses."""
    exporters = {
        "store": {"default_project": client.PROJECT},
        "file": {"path": str(folder / "spans.jsonl"), "rotation": {"max_megabytes": 1}},
        "file/packed": {"path": str(folder / "spans.pb.zst"), "format": "proto", "compression": "zstd"},
        "otlp_http/away": {"endpoint": "http://127.0.0.1:9"},
        "otlp_http/refusing": {"endpoint": refusing},
    }
    document = {
        "receivers": {"otlp": {"protocols": {"grpc": {}, "http": {}}}, "weave_api": {}},
        "exporters": exporters,
        "service": {"pipelines": {"traces": {"receivers": ["otlp", "weave_api"], "exporters": [*exporters]}}},
    }
    path.write_text(json.dumps(document))
    return f"--config={path}"


def left_in(folder) -> int:
    """Count the spans in the files of a folder, of which none may hold what is erased."""
    spans = 0
    for path in folder.iterdir():
        data = path.read_bytes()
        if path.suffix == ".zst":
            with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
                data = reader.read()
        assert SECRET.encode() not in data, path
        spans += data.count(b"span ")
    return spans


@pytest.mark.parametrize("stopped", [False, pytest.param(True, marks=pytest.mark.long)])
def test_nothing_is_left_of_a_user(tmp_path, stopped):
    data_dir, folder = tmp_path / "data", tmp_path / "out"
    with listening() as sink:
        sink.answer = lambda _: (400, {}, b"no")
        said = config(tmp_path / "bridge.json", folder, sink.url)
        with running(data_dir, said, "--shutdown-timeout=1s") as bridge:
            large = client.a_request(1, text="x" * 1_100_000)
            for request in (a_request(8), large, a_request(4)):
                assert client.export(bridge.http, request) == 200
            eventually(lambda: metric(bridge, "otel_bridge_dead_letter_calls") == 13)
            assert len(list(folder.iterdir())) == 4  # two were put aside
            assert not stopped or bridge.terminate() == 0
            directory = f"--data-dir={data_dir}"
            code, out, err = erase(directory, "--user=ann", "--yes")
            gone = "erased 6 calls, and 12 copies in files of exporters; nothing of them is left in the files"
            assert (code, out.partition("; backups")[0]) == (0, gone), err
            assert holders(data_dir, SECRET) == []
            assert left_in(folder) == 14
            if not stopped:
                assert (
                    erase(directory, "--user=ann", "--dry-run")[1] == "would erase 0 calls and those below\n"
                )
                assert client.export(bridge.http, client.a_request(3)) == 200
                assert left_in(folder) == 20
