"""The real Weave SDK against a real bridge: publish, read, judge, price, evaluate."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.keys import auth_file
from tests.e2e.process import running
from tests.e2e.weave_sdk import outcome_of

SESSION = Path(__file__).with_name("weave_session.py")
MODES = {
    "server-digests": {},
    "client-digests": {"WEAVE_ENABLE_CLIENT_SIDE_DIGESTS": "true"},
}
LONG = {"server-digests": pytest.mark.long}


KEYS = "- {name: sdk, key: abcd, projects: [me/*]}\n"
"""The key that the SDK is given, for its project only."""


@pytest.fixture(
    scope="module", params=[pytest.param(mode, marks=LONG.get(mode, ())) for mode in MODES], ids=str
)
def session(request, sdk_python, bridge_process, tmp_path_factory) -> dict:
    """What came of a whole session in one way of computing digests; one of them at a bridge with keys."""
    home = tmp_path_factory.mktemp("home")
    if request.param == "server-digests":
        return outcome_of(sdk_python, SESSION, home, bridge_process.api, **MODES[request.param])
    with running(home / "data", f"--auth-file={auth_file(home, KEYS)}") as keyed:
        return outcome_of(sdk_python, SESSION, home, keyed.api, **MODES[request.param])


DIGESTS: dict[str, list[str]] = {}
"""What each mode computed, for the one test that compares them."""


def test_published_values_come_back(session):
    found = session["objects"]
    assert found["plain"] == {"a": [1, {"b": "héllo"}], "n": None, "f": 0.5}
    assert found["prediction"] == 12
    assert found["held"] == 3
    assert found["rows"] == [250, {"x": 249, "expected": 747}]
    assert found["row_by_ref"] == {"x": 7, "expected": 21}
    assert (found["latest"], found["first"]) == (2, 1)


def test_digests_agree_whoever_computes_them(request, session):
    DIGESTS[request.node.callspec.id] = session["objects"]["digests"]
    assert session["gave_up_digests"] is False
    assert len({tuple(digests) for digests in DIGESTS.values()}) == 1


def test_feedback_is_given_read_and_taken_back(session):
    found = session["feedback"]
    assert found["result"] == 8
    assert [kind for kind, _ in found["kinds"]] == ["wandb.reaction.1", "wandb.note.1", "custom"]
    assert found["kinds"][0][1]["detoned_alias"] == ":thumbs_up:"
    assert found["score"] is True
    assert found["left"] == ["custom", "wandb.reaction.1", "wandb.runnable.IsPositive"] == found["included"]
    assert found["scored_by"].count(True) == 1
    assert found["children"] == ["inner"]


def test_prices_price_calls_and_are_purged(session):
    assert session["costs"] == {"total": [2.0, 30.0], "known": ["my-model"], "left": []}


def test_an_evaluation_runs(session):
    assert session["evaluation"] == {"right": {"true_count": 3, "true_fraction": 1.0}}
