"""Values in feedback over time: `/feedback/stats`, over either store; it is 2026-01-02T03:04:05Z."""

from __future__ import annotations

import pytest

from tests.contract.api.annex import OBJECT_REF, a_note, a_score, create
from tests.contract.api.bodies import PROJECT

RANGE = {"start": "2026-01-02T00:00:00Z", "end": "2026-01-02T06:00:00Z", "granularity": 10_800}
MONITOR = f"weave:///{PROJECT}/object/nightly:v1"
SCORE = {"json_path": "output.score"}
PASSED = {"json_path": "output.passed", "value_type": "boolean"}
LABEL = {"json_path": "output.label", "value_type": "categorical"}


@pytest.fixture
def api(timed_api):
    return timed_api


async def stats(api, *metrics: dict, **members) -> dict:
    reply = await api.post("/feedback/stats", {"project_id": PROJECT, "metrics": metrics} | RANGE | members)
    assert reply.status == 200, reply.body
    return reply.json


async def score(api, *outputs, **members) -> None:
    for output in outputs:
        await create(api, a_score(output, **members))


async def test_numbers_are_told_by_bucket_and_all_together(api, clock):
    await score(api, {"score": 0.1}, {"score": 0.2})
    clock.seconds -= 3600
    await score(api, {"score": 4}, {"score": "5"}, {"score": None}, {"score": True}, {}, "text")

    spec = SCORE | {"aggregations": ["sum", "avg", "min", "max", "count"], "percentiles": [50, 99.9]}
    answer = await stats(api, spec)
    assert answer == {
        "start": "2026-01-02T00:00:00Z",
        "end": "2026-01-02T06:00:00Z",
        "granularity": 10_800,
        "timezone": "UTC",
        "buckets": [
            {
                "timestamp": "2026-01-02T00:00:00+00:00",
                "sum_output_score": 4.0, "avg_output_score": 4.0, "min_output_score": 4.0,
                "max_output_score": 4.0, "count_output_score": 1, "p50_output_score": 4.0,
                "p99.9_output_score": 4.0, "count": 6,
            },
            {
                "timestamp": "2026-01-02T03:00:00+00:00",
                "sum_output_score": 0.1 + 0.2, "avg_output_score": (0.1 + 0.2) / 2, "min_output_score": 0.1,
                "max_output_score": 0.2, "count_output_score": 2, "p50_output_score": pytest.approx(0.15),
                "p99.9_output_score": pytest.approx(0.1999), "count": 2,
            },
        ],
        "window_stats": {
            "output_score": {
                "sum": 4.3, "avg": 4.3 / 3, "min": 0.1, "max": 4.0, "count": 3, "p50": 0.2,
                "p99.9": pytest.approx(3.9924),
            }
        },
        "window_counts": {},
    }  # fmt: skip


async def test_booleans_are_counted_and_their_average_is_the_rate(api):
    await score(api, {"passed": True}, {"passed": True}, {"passed": False}, {"passed": 1}, {"passed": "true"})

    bucket = (await stats(api, PASSED))["buckets"][1]
    assert (bucket["count_true_output_passed"], bucket["count_false_output_passed"]) == (2, 1)
    rate = await stats(api, PASSED | {"aggregations": ["avg"]})
    assert rate["buckets"][1]["avg_output_passed"] == 2 / 3


async def test_texts_and_tags_are_counted_by_category(api):
    await score(
        api, {"label": "good"}, {"label": ["good", "long", "good", {"a": 1}]}, {"label": 5}, {"label": {}},
        {"label": None}, {"label": ""},
    )  # fmt: skip

    answer = await stats(api, LABEL)
    bucket = answer["buckets"][1]
    assert bucket["counts_output_label"] == {"good": 2, "": 1, "5": 1, "long": 1}
    assert (bucket["count_output_label"], bucket["other_output_label"], bucket["count"]) == (4, 0, 6)
    assert answer["window_counts"] == {"output_label": {"good": 2, "": 1, "5": 1, "long": 1}}
    assert answer["window_stats"] == {"output_label": {"count": 4, "other": 0}}


async def test_rare_categories_and_long_texts_are_counted_together(api):
    await score(api, *({"label": f"{n:02}"} for n in range(52)), {"label": "51"}, {"label": "é" * 150})
    await score(api, {"label": "x" * 5000}, {"label": ["y" * 300, "51"]})

    bucket = (await stats(api, LABEL))["buckets"][1]
    named = bucket["counts_output_label"]
    assert list(named) == ["51", *(f"{n:02}" for n in range(49))]
    assert named["51"] == 3
    assert bucket["other_output_label"] == 5


async def test_payloads_that_are_not_small_count_as_well(api):
    await score(
        api, *({"score": n, "passed": n > 1, "label": "a", "reason": "because " * 200} for n in (1, 2))
    )

    bucket = (await stats(api, SCORE, PASSED, LABEL))["buckets"][1]
    assert (bucket["avg_output_score"], bucket["count_true_output_passed"]) == (1.5, 1)
    assert bucket["counts_output_label"] == {"a": 2}


@pytest.mark.parametrize(
    ("members", "count"),
    [
        ({"feedback_type": "wandb.runnable.judge"}, 3),
        ({"feedback_type": "wandb.note.1"}, 1),
        ({"trigger_ref": MONITOR}, 1),
        ({"trigger_ref": f"weave:///{PROJECT}/object/nightly:*"}, 2),
        ({"trigger_ref": f"weave:///{PROJECT}/object/night:*"}, 0),
        ({"runnable_ref": OBJECT_REF}, 3),
        ({"runnable_ref": "weave:///acme/shop/object/judge:other"}, 0),
        ({"runnable_ref": OBJECT_REF, "trigger_ref": MONITOR}, 1),
        ({"feedback_type": None, "trigger_ref": None}, 4),
        ({"project_id": "acme/other"}, 0),
        ({"start": "2026-01-02T03:04:05Z"}, 4),
        ({"end": "2026-01-02T03:04:05Z"}, 0),
        ({"nobody": "knows this"}, 4),
    ],
)
async def test_what_is_counted_is_chosen_by_type_refs_and_time(api, members, count):
    await score(api, 1)
    await score(api, 2, trigger_ref=MONITOR)
    await score(api, 3, trigger_ref=MONITOR.replace("v1", "v2"))
    await create(api, a_note())

    answer = await stats(api, {"json_path": "output"}, **members)
    assert sum(bucket["count"] for bucket in answer["buckets"]) == count


async def test_a_bucket_of_nothing_is_zero_or_null_as_in_call_statistics(api):
    spec = SCORE | {"aggregations": ["sum", "avg", "min", "count"], "percentiles": [50]}
    answer = await stats(api, spec, PASSED, LABEL)

    assert answer["buckets"][0] == {
        "timestamp": "2026-01-02T00:00:00+00:00", "sum_output_score": 0.0, "avg_output_score": 0,
        "min_output_score": None, "count_output_score": 0, "p50_output_score": None,
        "count_true_output_passed": 0, "count_false_output_passed": 0, "count_output_label": 0,
        "counts_output_label": {}, "other_output_label": 0, "count": 0,
    }  # fmt: skip
    assert answer["window_stats"]["output_score"]["avg"] is None


async def test_days_are_those_of_the_time_zone_and_widths_are_chosen_by_the_range(api):
    await score(api, {"score": 1})
    days = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-03T00:00:00Z", "granularity": 86_400}

    tokyo = await stats(api, SCORE, **days, timezone="Asia/Tokyo")
    assert [(b["timestamp"], b["count"]) for b in tokyo["buckets"]] == [
        ("2026-01-01T00:00:00+09:00", 0),
        ("2026-01-02T00:00:00+09:00", 1),
        ("2026-01-03T00:00:00+09:00", 0),
    ]
    assert (await stats(api, SCORE, granularity=None, timezone=None))["granularity"] == 3600


async def test_a_place_may_be_a_list_entry_or_hold_a_dot(api):
    await score(api, {"a.b": [1, 7], "ü-x": 3})

    specs = [{"json_path": r"output.a\.b.1"}, {"json_path": "output.ü-x"}]
    told = (await stats(api, *specs))["window_stats"]
    assert {name: of["avg"] for name, of in told.items()} == {"output_a__b_1": 7, "output_ü_x": 3}


async def test_without_metrics_or_end(api, clock):
    assert (await stats(api))["buckets"] == []
    await score(api, {"score": 1})
    answer = await stats(api, SCORE, end=None)
    assert answer["end"] == "2026-01-02T03:04:06Z"
    assert answer["window_stats"]["output_score"]["max"] == 1


async def test_feedback_that_is_purged_or_replaced_is_not_counted(api):
    await create(api, a_score({"score": 1}, id="a"))
    await create(api, a_score({"score": 5}, id="b"))
    await create(api, a_score({"score": 3}, id="b"))
    purged = {"$expr": {"$eq": [{"$getField": "id"}, {"$literal": "a"}]}}
    assert (await api.post("/feedback/purge", {"project_id": PROJECT, "query": purged})).status == 200

    assert (await stats(api, SCORE))["window_stats"]["output_score"] == {"avg": 3, "min": 3, "max": 3}


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"start": None}, ["start"]),
        ({"granularity": 0}, ["granularity"]),
        ({"timezone": "Mars/Olympus"}, ["timezone"]),
        ({"metrics": [{}]}, ["metrics", 0, "json_path"]),
        ({"metrics": [{"json_path": ""}]}, ["metrics", 0, "json_path"]),
        ({"metrics": [SCORE, {"json_path": "a..b"}]}, ["metrics", 1, "json_path"]),
        ({"metrics": [{"json_path": 'a"b'}]}, ["metrics", 0, "json_path"]),
        ({"metrics": [SCORE | {"value_type": "tree"}]}, ["metrics", 0, "value_type"]),
        ({"metrics": [SCORE | {"aggregations": ["median"]}]}, ["metrics", 0, "aggregations", 0]),
        ({"metrics": [SCORE | {"percentiles": [101]}]}, ["metrics", 0, "percentiles", 0]),
        ({"metrics": [SCORE | {"path": "x"}]}, ["metrics", 0, "path"]),
        ({"end": "2026-01-01T00:00:00Z"}, []),
        ({"end": "2027-01-04T00:00:00Z"}, []),
    ],
)
async def test_a_422_names_the_member(api, members, place):
    body = {"project_id": PROJECT} | RANGE | members
    reply = await api.post("/feedback/stats", body)
    assert reply.status == 422, reply.body
    assert reply.json["detail"][0]["loc"] == ["body", *place]


@pytest.mark.parametrize(
    ("metrics", "text"),
    [
        ([SCORE, SCORE], "output_score"),
        ([{"json_path": "a.b"}, {"json_path": "a_b"}], "a_b"),
        ([{"json_path": f"a{n}"} for n in range(51)], "50 metrics"),
        ([SCORE | {"percentiles": [n / 100 for n in range(1001)]}], "1000"),
    ],
)
async def test_metrics_that_cannot_be_told_apart_or_are_too_many(api, metrics, text):
    reply = await api.post("/feedback/stats", {"project_id": PROJECT, "metrics": metrics} | RANGE)
    assert reply.status == 400
    assert text in reply.json["reason"]
