"""A sidecar that asks for keys: its own are none of the upstream's."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest

from tests.contract.api.bodies import a_batch, end_item, start_item
from tests.e2e.keys import KEYS, ask, auth_file
from tests.faults.sidecar import KEY, PROJECT, config, sidecar
from tests.faults.upstream import upstream

PASSTHROUGH = "receivers.weave_api.auth.passthrough"
OURS = "Basic " + b64encode(f"api:{KEY}".encode()).decode()


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    keys = auth_file(folder, KEYS)
    with upstream() as weave:
        file = config(folder / "bridge.json", weave.url)
        with sidecar(folder / "data", weave.url, file, f"--auth-file={keys}") as bridge:
            yield weave, bridge


def test_nobody_is_passed_on_without_a_key(pair):
    weave, bridge = pair
    before = len(weave.headers)
    for path in ("/calls/stats", "/no/such/route"):
        assert ask(f"{bridge.api}{path}", {})[0] == 401
    assert len(weave.headers) == before


@pytest.mark.parametrize("sent", [{"key": "owner-key"}, {"wandb-api-key": "owner-key"}], ids=str)
def test_a_key_of_the_bridge_stays_here_and_the_bridges_own_goes_on(pair, sent):
    weave, bridge = pair
    assert ask(f"{bridge.api}/calls/stats", {"project_id": PROJECT}, **sent)[0] == 200
    seen = {name.lower(): value for name, value in weave.headers[-1].items()}
    assert (seen["authorization"], "owner-key" in json.dumps(seen)) == (OURS, False)


@pytest.mark.parametrize("path", ["/calls/stats", "/call/read", "/feedback/create", "/no/such/route"])
def test_a_key_for_some_projects_asks_the_upstream_nothing(pair, path):
    weave, bridge = pair
    before = len(weave.headers)
    status, body = ask(f"{bridge.api}{path}", {"project_id": PROJECT}, key="team-key")
    assert (status, b"reason" in body, len(weave.headers)) == (403, True, before)


def test_a_route_that_nobody_here_knows_needs_every_right(pair):
    _, bridge = pair
    assert [ask(f"{bridge.api}/no/such/route", {}, key=key)[0] for key in ("reader-key", "owner-key")] == [
        403,
        200,
    ]


def test_a_key_for_some_projects_writes_to_these_through_the_queue(pair):
    _, bridge = pair
    url = f"{bridge.api}/call/upsert_batch"
    mine = [item(1, project_id="acme/app") for item in (start_item, end_item)]
    assert ask(url, a_batch(*mine), key="team-key")[0] == 200
    assert ask(url, a_batch(*mine), key="other-key")[0] == 403


def test_with_passthrough_callers_ask_the_upstream_with_their_own_keys(tmp_path):
    """The upstream knows what they are for; who brings none of them is not lent the bridge's."""
    with upstream() as weave:
        file = config(tmp_path / "bridge.json", weave.url)
        flags = (f"--auth-file={auth_file(tmp_path, KEYS)}", f"--set={PASSTHROUGH}=true")
        with sidecar(tmp_path / "data", weave.url, file, *flags) as bridge:
            stats = f"{bridge.api}/calls/stats"
            asked = {"project_id": PROJECT}
            assert ask(stats, asked, key="team-key")[0] == 200
            assert weave.headers[-1]["Authorization"] == "Bearer team-key"
            before = len(weave.headers)
            assert ask(stats, asked, **{"x-api-key": "team-key"})[0] == 403
            assert ask(stats, asked, key="writer-key")[0] == 403
            assert len(weave.headers) == before
