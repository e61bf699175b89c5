"""The two stores and plain arithmetic count the same in feedback, for generated payloads and questions."""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otel_bridge.model.questions import AskFeedbackStats
from otel_bridge.model.stats import FeedbackChoice, FeedbackMetric
from tests.contract.store.annex_records import a_remark, ask, remarks
from tests.contract.store.records import PROJECT, Store
from tests.property.amounts import examples

CALM = settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
SECOND = 1_000_000
START = 1_767_225_600
SPAN = 200_000
TYPES = ("wandb.runnable.a", "wandb.runnable.b")
REFS = (None, "weave:///e/p/object/m:1", "weave:///e/p/object/m:2", "weave:///e/p/object/mm:1")
PLACES = {"output": ("output",), "output.s": ("output", "s"), r"output.x\.y": ("output", "x.y"), "0": (0,)}

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["good", "bad", "", "ü", "5", "x" * 255, "x" * 257, "\x00" * 300, "y" * 3000])
)
values = scalars | st.lists(scalars, max_size=4) | st.just({}) | st.just({"a": 1})
outputs = values | st.fixed_dictionaries({}, optional={"s": values, "x.y": values, "z": st.just("z" * 900)})
given_feedback = st.lists(
    st.fixed_dictionaries(
        {
            "at": st.integers(-100, SPAN + 100),
            "micros": st.integers(0, 999_999),
            "type": st.sampled_from(TYPES),
            "trigger_ref": st.sampled_from(REFS),
            "output": outputs,
        }
    ),
    max_size=14,
)
metrics = st.lists(
    st.builds(
        lambda place, kind, some, percents: FeedbackMetric(place, PLACES[place], kind, some, percents),
        st.sampled_from([*PLACES]),
        st.sampled_from(["numeric", "boolean", "categorical"]),
        st.lists(
            st.sampled_from(["sum", "avg", "min", "max", "count", "count_true", "count_false"]),
            unique=True,
            min_size=1,
        ).map(tuple),
        st.lists(st.sampled_from(["0", "12.5", "50", "99.9", "100"]), unique=True, max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda metric: metric.name,
).map(tuple)
questions = st.builds(
    lambda start, length, seconds, zone, asked, kind, trigger: AskFeedbackStats(
        project_id=PROJECT,
        start=start,
        end=start + length,
        metrics=asked,
        granularity=seconds,
        timezone=zone,
        choice=FeedbackChoice(kind, trigger),
    ),
    st.integers(START, START + SPAN // 2),
    st.integers(1, SPAN),
    st.sampled_from([None, 3600, 7000, 86_400]),
    st.sampled_from(["UTC", "America/New_York"]),
    metrics,
    st.sampled_from([None, *TYPES]),
    st.sampled_from([*REFS, "weave:///e/p/object/m:*"]),
)


def keep(store: Store, made: list[dict]) -> None:
    for number, one in enumerate(made):
        members = {"feedback_type": one["type"], "trigger_ref": one["trigger_ref"]}
        row = a_remark(f"f{number}", number, payload={"output": one["output"]}, **members)
        store.write(remarks(row), received_at=(START + one["at"]) * SECOND + one["micros"])


@CALM
@given(given_feedback, questions)
def test_both_stores_and_plain_arithmetic_agree(made, question):
    with tempfile.TemporaryDirectory() as folder:
        answers = []
        for kind in ("memory", "sqlite"):
            store = Store(kind, Path(folder) / "calls.db")
            keep(store, made)
            answers.append(ask(store, question))
            store.close()

    assert answers[0] == answers[1]
    check(answers[0], meant(made, question), question)


def meant(made: list[dict], question: AskFeedbackStats) -> list[tuple[float, dict]]:
    choice, found = question.choice, []
    for one in made:
        at = START + one["at"] + one["micros"] / SECOND
        trigger, wanted = one["trigger_ref"], choice.trigger_ref
        of_trigger = wanted in {None, trigger} or (wanted[-1] == "*" and trigger in REFS[1:3])
        of_type = choice.feedback_type in {None, one["type"]}
        if question.start <= at < question.end and of_type and of_trigger:
            found.append((at, {"output": one["output"]}))
    return found


def check(answer: dict, found: list[tuple[float, dict]], question: AskFeedbackStats) -> None:
    begins = [datetime.fromisoformat(bucket["timestamp"]).timestamp() for bucket in answer["buckets"]]
    for bucket, begin, end in zip(answer["buckets"], begins, [*begins, question.end][1:], strict=True):
        payloads = [payload for at, payload in found if begin <= at < end]
        assert bucket["count"] == len(payloads)
        for metric in question.metrics:
            check_metric(bucket, metric, [value_at(payload, metric.path) for payload in payloads])
    for metric in question.metrics:
        told = answer["window_stats"][slug(metric)]
        everything = [value_at(payload, metric.path) for _, payload in found]
        if metric.value_type == "categorical":
            assert told["count"] == sum(bool(categories(value)) for value in everything)
        else:
            there = numbers(everything, metric.value_type)
            assert told == {name: plain(name, there) for name in told}


def slug(metric: FeedbackMetric) -> str:
    return metric.name.replace(".", "_").replace("\\", "_")


def value_at(tree, path):
    for step in path:
        fits = isinstance(tree, dict) if isinstance(step, str) else isinstance(tree, list)
        tree = (tree.get(step) if isinstance(step, str) else None) if fits else None
    return tree


def check_metric(bucket: dict, metric: FeedbackMetric, there: list) -> None:
    name = slug(metric)
    if metric.value_type == "categorical":
        counts = Counter(category for value in there for category in categories(value))
        other = counts.pop(None, 0)
        assert (bucket[f"counts_{name}"], bucket[f"other_{name}"]) == (counts, other)
        return
    values = numbers(there, metric.value_type)
    for one in (*metric.aggregations, *(f"p{percent}" for percent in metric.percentiles)):
        empty_average = one == "avg" and not values
        assert bucket[f"{one}_{name}"] == (0 if empty_average else plain(one, values))


def numbers(there: list, kind: str) -> list[float]:
    if kind == "boolean":
        return [float(value) for value in there if isinstance(value, bool)]
    return [float(v) for v in there if isinstance(v, (int, float)) and not isinstance(v, bool)]


def plain(name: str, values: list[float]) -> float | None:
    if name[0] == "p":
        return interpolated(values, name[1:])
    total = sum(map(Fraction, values))
    return {
        "sum": lambda: rounded(total),
        "avg": lambda: None if not values else halved(rounded(total), len(values)),
        "min": lambda: min(values, default=None),
        "max": lambda: max(values, default=None),
        "count": lambda: len(values),
        "count_true": lambda: values.count(1),
        "count_false": lambda: values.count(0),
    }[name]()


def rounded(total: Fraction) -> float | None:
    try:
        return float(total)
    except OverflowError:
        return None


def halved(total: float | None, count: int) -> float | None:
    return None if total is None else total / count


def interpolated(values: list[float], percent: str) -> float | None:
    if not values:
        return None
    ranked = sorted(map(Fraction, values))
    place = (len(ranked) - 1) * Fraction(percent) / 100
    low = math.floor(place)
    high = min(low + 1, len(ranked) - 1)
    return float(ranked[low] + (ranked[high] - ranked[low]) * (place - low))


def categories(value) -> set[str | None]:
    if value is None or isinstance(value, dict):
        return set()
    scalars = value if isinstance(value, list) else [value]
    texts = [
        one if isinstance(one, str) else orjson.dumps(one).decode() for one in scalars if one is not None
    ]
    return {text if len(text.encode()) <= 256 else None for text in texts}
