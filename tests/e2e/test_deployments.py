"""The examples to deploy, Kubernetes and Compose: linted, and their bridges started as the files say."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.e2e import client, process
from tests.faults.upstream import upstream

EXAMPLES = Path(__file__).parents[2] / "examples"
MANIFESTS = sorted((EXAMPLES / "kubernetes").glob("*.yaml"))
COMPOSE = EXAMPLES / "compose/compose.yaml"
DATA, SECRETS = "/var/lib/otel-bridge", "/run/secrets"
GATEWAY = (EXAMPLES / "kubernetes/gateway.yaml").read_text()
TOKENS = "".join(line + "\n" for line in re.findall(r"^#   ((?:keys:|  - ).*)$", GATEWAY, re.MULTILINE))
"""The file of keys that the gateway's first lines show."""
INGEST, READ = (entry["key"] for entry in yaml.safe_load(TOKENS)["keys"])


def resources(path: Path) -> dict[str, dict]:
    """What a manifest holds, by kind."""
    return {one["kind"]: one for one in yaml.safe_load_all(path.read_text())}


def pod_of(kinds: dict[str, dict]) -> dict:
    """The pod that a StatefulSet or a Job makes."""
    return (kinds.get("StatefulSet") or kinds["Job"])["spec"]["template"]["spec"]


def bridge_of(pod: dict) -> dict:
    (bridge,) = [
        one for one in pod["containers"] + pod.get("initContainers", []) if one["name"] == "otel-bridge"
    ]
    return bridge


def each(manifests):
    return pytest.mark.parametrize("manifest", manifests, ids=lambda path: path.name)


GATEWAYS = [path for path in MANIFESTS if "StatefulSet" in resources(path)]


@each(MANIFESTS)
def test_a_manifest_is_what_kubernetes_takes(manifest):
    name = "kubernetes-validate"
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed; the extra `container` has it")
    done = subprocess.run(
        [found, "--strict", "--quiet", manifest], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@each(MANIFESTS)
def test_a_bridge_has_no_rights_in_its_pod(manifest):
    pod = pod_of(resources(manifest))
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"] + pod.get("initContainers", []):
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"] is True
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in container["resources"]["limits"]


@each(MANIFESTS)
def test_what_a_container_mounts_is_a_volume_of_its_pod(manifest):
    kinds = resources(manifest)
    pod = pod_of(kinds)
    claims = kinds.get("StatefulSet", {"spec": {}})["spec"].get("volumeClaimTemplates", [])
    volumes = {one["name"] for one in pod["volumes"]} | {one["metadata"]["name"] for one in claims}
    assert {one["name"] for one in bridge_of(pod)["volumeMounts"]} == volumes


@each(GATEWAYS)
def test_everything_of_a_gateway_selects_its_pods(manifest):
    kinds = resources(manifest)
    labels = kinds["StatefulSet"]["spec"]["template"]["metadata"]["labels"]
    assert kinds["StatefulSet"]["spec"]["selector"] == {"matchLabels": labels}
    assert kinds["Service"]["spec"]["selector"] == labels
    assert kinds["NetworkPolicy"]["spec"]["podSelector"] == {"matchLabels": labels}
    if "PodDisruptionBudget" in kinds:
        assert kinds["PodDisruptionBudget"]["spec"]["selector"] == {"matchLabels": labels}


@each(GATEWAYS)
def test_the_ports_of_a_gateway_are_those_of_its_configuration(manifest):
    kinds = resources(manifest)
    ports = {one["name"]: one["containerPort"] for one in bridge_of(pod_of(kinds))["ports"]}
    listened = re.findall(r'endpoint: "0\.0\.0\.0:(\d+)"', kinds["ConfigMap"]["data"]["bridge.yaml"])
    assert sorted(ports.values()) == sorted(map(int, listened))
    assert {one["targetPort"] for one in kinds["Service"]["spec"]["ports"]} <= set(ports)
    rules = kinds["NetworkPolicy"]["spec"]["ingress"]
    assert {port["port"] for rule in rules for port in rule["ports"]} == set(ports) - {"probes"}


@each(GATEWAYS)
def test_a_gateway_has_one_directory_a_pod_and_time_to_stop(manifest):
    kinds = resources(manifest)
    spec, config = kinds["StatefulSet"]["spec"], yaml.safe_load(kinds["ConfigMap"]["data"]["bridge.yaml"])
    (claim,) = spec["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]
    if "store" in config["exporters"]:
        assert spec["replicas"] == 1
    stop = int(config["service"]["shutdown_timeout"].removesuffix("s"))
    wait = bridge_of(pod_of(kinds))["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] > stop + wait


def started(config: str, folder: Path, **env: str):
    """A bridge with the configuration of an example: other directories, free ports, and else as it is."""
    (folder / "otel-bridge").mkdir()
    (folder / "otel-bridge/tokens.yaml").write_text(TOKENS)
    (folder / "wandb").mkdir()
    (folder / "wandb/api-key").write_text("the-key\n")
    here = config.replace(DATA, str(folder / "data")).replace(SECRETS, str(folder))
    (folder / "bridge.yaml").write_text(
        re.sub(r'"0\.0\.0\.0:\d+"', '"0.0.0.0:0"', here).replace(":13133", ":0")
    )
    flags = [f"--config={folder / 'bridge.yaml'}", "--log-format=console", "--shutdown-timeout=1s"]
    flags += ["--otlp-http=0.0.0.0:0", "--otlp-grpc=0.0.0.0:0"]
    return process.running(folder / "data", *flags, OTEL_BRIDGE_PROFILE="", **env)


def sent(bridge, project: str, key: str) -> int:
    request = client.a_request(3)
    headers = {"Content_Type": "application/x-protobuf", "project_id": project}
    headers["Authorization"] = f"Bearer {key}"
    return client.call(f"{bridge.http}/v1/traces", request.SerializeToString(), **headers)[0]


def read(bridge, project: str, key: str) -> int:
    query = f'{{"project_id": "{project}"}}'.encode()
    headers = {"Content_Type": "application/json", "Authorization": f"Bearer {key}"}
    status, answer = client.call(f"{bridge.api}/calls/stream_query", query, **headers)
    return len(answer.splitlines()) if status == 200 else -status


def test_the_gateway_keeps_what_comes_with_a_key_and_nothing_else(tmp_path):
    config = resources(EXAMPLES / "kubernetes/gateway.yaml")["ConfigMap"]["data"]["bridge.yaml"]
    with started(config, tmp_path) as bridge:
        assert sent(bridge, "acme/shop", "another key") == 401
        assert sent(bridge, "acme/shop", READ) == 403
        assert sent(bridge, "acme/shop", INGEST) == 200
        assert read(bridge, "acme/shop", INGEST) == -403
        assert read(bridge, "acme/shop", READ) == 3


def test_a_relay_hands_on_what_comes_with_a_key(tmp_path):
    config = resources(EXAMPLES / "kubernetes/relay.yaml")["ConfigMap"]["data"]["bridge.yaml"]
    with upstream() as weave, started(config, tmp_path, WEAVE_ENDPOINT=weave.url) as bridge:
        assert sent(bridge, "acme/shop", "another key") == 401
        assert sent(bridge, "acme/shop", INGEST) == 200
        weave.wait(lambda: len(weave.whole()) == 3)


@pytest.mark.long
def test_the_bridge_of_the_job_starts_by_its_variables_alone_and_hands_on_what_comes(tmp_path):
    bridge = bridge_of(pod_of(resources(EXAMPLES / "kubernetes/job.yaml")))
    assert bridge["restartPolicy"] == "Always"
    (tmp_path / "wandb").mkdir()
    (tmp_path / "wandb/api-key").write_text("the-key\n")
    env = {one["name"]: one["value"].replace(SECRETS, str(tmp_path)) for one in bridge["env"]}
    assert env["WANDB_API_KEY_FILE"] == str(tmp_path / "wandb/api-key")
    with upstream() as weave:
        env |= {"OTEL_BRIDGE_PROFILE": "sidecar", "WEAVE_ENDPOINT": weave.url}
        with process.running(tmp_path / "data", **env) as sidecar:
            assert client.export(sidecar.http, client.a_request(3)) == 200
            weave.wait(lambda: len(weave.whole()) == 3)


def test_the_bridge_of_the_containers_takes_the_key_of_their_environment(tmp_path):
    with started(
        (COMPOSE.parent / "bridge.yaml").read_text(), tmp_path, BRIDGE_KEY="one-key-for-all"
    ) as bridge:
        assert sent(bridge, client.PROJECT, "another key") == 401
        assert sent(bridge, client.PROJECT, "one-key-for-all") == 200
        assert read(bridge, client.PROJECT, "one-key-for-all") == 3


def test_the_containers_are_what_compose_takes():
    spec = pytest.importorskip("compose_spec", reason="the extra `container` has it")
    assert sorted(spec.PyCompose.from_yaml(COMPOSE.read_text()).service_names()) == [
        "app",
        "otel-bridge",
        "prometheus",
    ]


def test_what_the_containers_mount_is_there():
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    mounted = [volume.split(":")[0] for one in services.values() for volume in one.get("volumes", [])]
    files = [COMPOSE.parent / path for path in mounted if path.startswith(".")]
    assert [path for path in files if not path.is_file()] == []
    build = services["otel-bridge"]["build"]
    assert (COMPOSE.parent / build["context"] / build["dockerfile"]).is_file()


def test_the_prometheus_of_the_containers_scrapes_the_bridge_as_the_example_does():
    here = yaml.safe_load((COMPOSE.parent / "prometheus.yml").read_text())
    example = yaml.safe_load((EXAMPLES / "prometheus/prometheus.yml").read_text())
    (scrape,) = example["scrape_configs"]
    scrape["static_configs"] = [{"targets": ["otel-bridge:8888"]}]
    assert here == example
