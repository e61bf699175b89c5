"""The example of a sidecar in a container: linted, and what its files say is tried without an engine."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.e2e import client, process
from tests.faults.sidecar import environment
from tests.faults.upstream import upstream

FOLDER = Path(__file__).parents[2] / "examples/sidecar"
DOCKERFILE = (FOLDER / "Dockerfile").read_text().replace("\\\n", " ")
POD = yaml.safe_load((FOLDER / "pod.yaml").read_text())
(SIDECAR,) = POD["spec"]["initContainers"]
STAGES = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
NOWHERE = "/nonexistent"


def tool(name: str) -> str:
    """Find a linter beside this Python or on the path; skip the test without it."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed; the extra `container` has it")
    return found


@pytest.mark.parametrize(
    ("linter", "arguments"),
    [("hadolint", ["Dockerfile"]), ("kubernetes-validate", ["--strict", "--quiet", "pod.yaml"])],
)
def test_the_files_pass_their_linter(linter, arguments):
    done = subprocess.run(
        [tool(linter), *arguments], cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_the_final_stage_builds_nothing_and_runs_as_nobody():
    final = STAGES[-1]
    assert "pip install" not in final
    assert "pip uninstall" in final
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)
    assert re.search(r'^ENTRYPOINT \["otel-bridge"\]$', final, re.MULTILINE)
    assert re.search(r'^CMD \["run"\]$', final, re.MULTILINE)


def test_the_pod_gives_the_sidecar_no_rights_and_probes_that_need_no_shell():
    assert SIDECAR["restartPolicy"] == "Always"
    assert POD["spec"]["securityContext"]["runAsNonRoot"] is True
    rights = SIDECAR["securityContext"]
    assert rights["readOnlyRootFilesystem"] is True
    assert rights["allowPrivilegeEscalation"] is False
    assert rights["capabilities"] == {"drop": ["ALL"]}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert SIDECAR[probe]["exec"]["command"][:2] == ["otel-bridge", "healthcheck"]
    names = {one["name"] for one in SIDECAR["env"]}
    assert "WANDB_API_KEY" not in names, "the key comes from a mounted secret"


def variables() -> dict[str, str]:
    """What the image sets."""
    (line,) = re.findall(r"^ENV (.*)$", STAGES[-1], re.MULTILINE)
    return dict(pair.split("=", 1) for pair in line.split() if not pair.startswith("PATH="))


def test_the_images_environment_runs_a_sidecar_that_writes_nowhere_but_into_its_directory(tmp_path):
    data = tmp_path / "data"
    with upstream() as weave:
        env = {**variables(), **environment(weave.url), "HOME": NOWHERE, "TMPDIR": NOWHERE}
        env |= {"OTEL_BRIDGE_LOG_FORMAT": "console", "OTEL_BRIDGE_DATA_DIR": str(data)}
        with process.running(data, **env) as bridge:
            sent = client.a_request(3)
            assert client.export(bridge.http, sent) == 200
            weave.wait(lambda: weave.whole() == set(client.span_ids(sent)))
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                command = [sys.executable, "-m", "otel_bridge", *SIDECAR[probe]["exec"]["command"][1:]]
                subprocess.run(
                    command, env=process.environment(**env), check=True, timeout=60, capture_output=True
                )
    assert {path.name for path in tmp_path.iterdir()} == {"data", "data.log"}
