"""What people type to score calls, against a bridge that runs and its workers."""

from __future__ import annotations

import json

import pytest

from tests.contract.api.bodies import a_batch, call_id, end_item, start_item
from tests.e2e import client
from tests.e2e.people import at, run

PROJECT = "people/scored"
TEXTS = ["a refund", "no", "Refund it, please", "{}"]
STRICT = "length:field=output.nothing,missing=error,name=strict"


@pytest.fixture(scope="module")
def scored(bridge_process) -> list[str]:
    """The options that lead a command to a bridge that keeps four calls."""
    items = []
    for n, text in enumerate(TEXTS, 1):
        known = {"project_id": PROJECT, "started_at": at(n), "op_name": "reply" if n < 4 else "other"}
        items.append(start_item(n, **known))
        items.append(end_item(n, project_id=PROJECT, ended_at=at(n + 0.5), output=text))
    client.post(bridge_process.api, "/call/upsert_batch", a_batch(*items))
    return ["--url", bridge_process.api, "--project", PROJECT]


def rows(out: str) -> dict[str, list[str]]:
    """The cells of the table, by scorer."""
    return {line.split()[0]: line.split()[1:] for line in out.splitlines()[1:] if line}


def test_a_table_tells_how_it_went_by_scorer(scored):
    refund = 'contains:texts=["refund"],ignore_case=true,name=refund'
    brief = "length:max=9,name=brief"
    out, err = run("score", *scored, "--scorer", refund, "--scorer", brief, "--scorer", "valid_json")

    assert err == ""
    assert out.split("\n")[0].split() == [
        "scorer", "done", "failed", "passed", "number", "mean", "min", "max",
    ]  # fmt: skip
    assert rows(out) == {
        "brief": ["4", "75.0%", "length", "7.25", "2", "17"],
        "refund": ["4", "50.0%", "score", "0.5", "0", "1"],
        "valid_json": ["4", "25.0%"],
    }


def test_filters_and_a_limit_say_which_calls(scored):
    out, _ = run("score", *scored, "--scorer", "tokens", "--op", "reply", "--since", at(1.5), "--json")
    assert json.loads(out)["calls"] == 2
    out, _ = run("score", *scored, "--scorer", "latency", "-n", "1", "--json")
    newest = {"project_id": PROJECT, "filter": {"call_ids": [call_id(4)]}, "include_feedback": True}
    (call,) = client.post(scored[1], "/calls/stream_query", newest)
    assert json.loads(out)["calls"] == 1
    assert "wandb.runnable.latency" in [one["feedback_type"] for one in call["summary"]["weave"]["feedback"]]


def test_calls_that_still_run_are_scored_only_when_asked_for(scored, bridge_process):
    unended = start_item(9, project_id="people/unended", started_at=at(9))
    client.post(bridge_process.api, "/call/upsert_batch", a_batch(unended))
    asked = [*scored, "--project", "people/unended", "--scorer", "pii"]

    _, err = run("score", *asked, code=1)
    assert "no calls of people/unended match that have ended" in err
    out, _ = run("score", *asked, "--status", "running", "--json")
    assert json.loads(out)["calls"] == 1


def test_a_scorer_of_the_project_is_found_by_the_name_that_is_listed(scored):
    run("score", *scored, "--scorer", "length:max=2,name=terse", "--op", "other")
    out, _ = run("score", *scored, "--scorer", "terse", "--json")

    assert "terse" in run("scorers", *scored)[0]
    assert [one["scorer"] for one in json.loads(out)["scorers"]] == ["terse"]


def test_a_registered_scorer_is_listed_once_though_it_was_published(scored):
    run("score", *scored, "--scorer", "cost")

    listed = run("scorers", *scored)[0].split("\n\n")[0]
    assert [line.split()[0] for line in listed.splitlines()].count("cost") == 1


def test_json_has_the_figures_of_the_table(scored):
    out, _ = run("score", *scored, "--scorer", "length:max=3,name=short", "--json")

    (told,) = json.loads(out)["scorers"]
    assert told.pop("scorer_ref").startswith(f"weave:///{PROJECT}/object/short:")
    assert told == {
        "scorer": "short", "done": 4, "failed": 0, "pass_rate": 0.5, "number": "length",
        "mean": 7.25, "min": 2, "max": 17, "last_error": None,
    }  # fmt: skip


def test_what_failed_is_told_and_ends_with_one(scored):
    out, _ = run("score", *scored, "--scorer", STRICT, "--scorer", "valid_json", "--op", "reply", code=1)

    assert rows(out)["strict"][:2] == ["0", "3"]
    assert out.splitlines()[-1].startswith("strict: ")
    assert "output.nothing" in out.splitlines()[-1]


def test_what_is_scored_is_not_scored_again_unless_one_says_so(scored, bridge_process):
    def runs() -> int:
        asked = {"project_id": PROJECT, "filter": {"op_names": ["once.score"]}}
        return client.post(bridge_process.api, "/calls/query_stats", asked)["count"]

    for flags, expected in (([], 4), ([], 4), (["--again"], 8)):
        run("score", *scored, "--scorer", "length:min=1,name=once", *flags)
        assert runs() == expected


def test_runs_of_scorers_are_listed_only_when_asked_for(scored):
    run("score", *scored, "--scorer", "length:min=2,name=listed", "--op", "other")

    def names(*flags: str) -> set[str]:
        out, _ = run("calls", *scored, *flags, "--json", "-n", "1000")
        return {json.loads(line)["op_name"] for line in out.splitlines()}

    assert names() == {"reply", "other"}
    assert "listed.score" in names("--runs")


def test_without_waiting_the_jobs_are_named(scored, bridge_process):
    out, _ = run("score", *scored, "--scorer", "pii", "--no-wait")

    job = out.split()[-1]
    assert out.startswith("asked for 4 calls by 1 scorers; jobs: ")
    status, answer = client.call(f"{bridge_process.api}/calls/score/status?project_id={PROJECT}&job_id={job}")
    assert (status, sum(json.loads(answer)["counts"].values())) == (200, 4)


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (["--scorer", "valid_json", "--op", "nothing"], 1, "no calls of people/scored match"),
        (["--scorer", "nobody"], 1, "'nobody' is no registered scorer"),
        (["--scorer", "weave:///a/b/object/x:y"], 1, "weave:///a/b/object/x:y"),
        (["--scorer", "length:most=4"], 2, "most"),
        (["--scorer", "python:callable=os:getcwd"], 2, "'python' is none of"),
        (["--scorer", "valid_json", "--since", "soon"], 2, "'soon' is no time"),
        ([], 2, "--scorer"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_an_exit_code(scored, flags, code, said):
    _, err = run("score", *scored, *flags, code=code)
    assert said in err


def test_a_bridge_that_is_not_there_is_one_line():
    _, err = run("score", "--endpoint", "http://127.0.0.1:9", "--scorer", "pii", code=1)
    assert "cannot reach a bridge at http://127.0.0.1:9" in err


def test_scorers_that_can_be_used_are_listed_and_why_others_cannot(scored, bridge_process):
    val = {"_type": "MyScorer", "_class_name": "MyScorer", "_bases": ["Scorer", "Object", "BaseModel"]}
    created = {"project_id": PROJECT, "object_id": "mine", "val": val}
    client.post(bridge_process.api, "/obj/create", {"obj": created})

    out, _ = run("scorers", *scored)
    found, kinds = ({line.split()[0]: line for line in part.splitlines()} for part in out.split("\n\n"))
    assert "yes" in found["valid_json"]
    assert "the project" in found["mine"]
    assert "code in stored objects is never run" in found["mine"]
    assert kinds["regex"].split(maxsplit=1)[1].startswith('field="output"')
    assert "pattern=…" in kinds["regex"]

    told = json.loads(run("scorers", *scored, "--json")[0])
    (mine,) = [one for one in told["scorers"] if one["name"] == "mine"]
    assert mine["usable"] is False
    assert {"kind": "latency", "settings": {"min": "null", "max": "null", "missing": '"fail"'}} in told[
        "kinds"
    ]
