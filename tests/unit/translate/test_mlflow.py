"""Spans of MLflow's SDK, as its exporter sends them (otel-mapping.md §4 to §6)."""

from __future__ import annotations

import pytest

from otel_bridge.translate.calls import translate
from tests.fixtures.calls import call, tree
from tests.fixtures.otlp_spans import a_span


def block(attributes) -> dict:
    return tree(call(attributes).start.attributes)


def usage(attributes):
    """Return the usage of a span's call, and the counts that are set apart."""
    made = translate(a_span(attributes))
    return tree(made.end.summary).get("usage"), tree(made.start.attributes).get("aggregated_usage")


class TestMlflow:
    """Its SDK writes every attribute as JSON text, a text in quotes too."""

    def test_names_leave_their_quotes(self):
        sent = {"mlflow.llm.model": '"gpt-4o"', "mlflow.llm.provider": '"openai"', "mlflow.spanType": '"LLM"'}
        named = block(sent)
        assert (named["model"], named["provider"], named["kind"]) == ("gpt-4o", "openai", "LLM")
        counted, _ = usage(sent | {"mlflow.chat.tokenUsage": '{"input_tokens": 5}'})
        assert counted == {"gpt-4o": {"input_tokens": 5, "total_tokens": 5}}

    def test_an_agents_tokens_are_set_apart(self):
        sent = {"mlflow.spanType": '"AGENT"', "mlflow.chat.tokenUsage": '{"input_tokens": 5}'}
        assert usage(sent) == (None, {"input_tokens": 5, "total_tokens": 5})

    @pytest.mark.parametrize(
        ("sent", "shown"),
        [
            ('"say \\"é\\""', 'say "é"'),
            ('""', ""),
            ('"', '"'),
            ('"a" and "b"', '"a" and "b"'),
            ("[1]", [1]),
            ("5", "5"),
        ],
    )
    def test_texts_that_went_in_and_out_leave_their_quotes(self, sent, shown):
        made = call({"mlflow.spanInputs": sent, "mlflow.spanOutputs": sent})
        assert tree(made.start.inputs) == {"mlflow.spanInputs": shown}
        assert tree(made.end.output) == {"mlflow.spanOutputs": shown}
