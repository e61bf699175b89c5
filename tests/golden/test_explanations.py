"""The exact words about some recorded spans, in `explanations/` (conftest.py tells how to rewrite them)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from otel_bridge.commands.explained import lines
from otel_bridge.translate.explain import explain
from tests.fixtures.captures import spans

EXPLANATIONS = Path(__file__).parent / "explanations"

SPANS = {
    "google-adk-litellm": "llm: content held back",
    "strands-default": "agent: messages in events, tokens set apart",
    "vercel-ai4-proto": "llm: a stream without usage",
    "oi-langchain": "LLM: failed",
    "plain-web": "None: nothing is mapped",
}
"""Capture → which of its spans, and why it is here."""


def is_wanted(story, capture: str) -> bool:
    """The first span that shows what the capture is here for."""
    kind = story.field("attributes.kind")
    has_kind = str(kind.value if kind else None) == SPANS[capture].partition(":")[0]
    match capture:
        case "vercel-ai4-proto":
            return has_kind and any("no number" in advice.text for advice in story.advice)
        case "oi-langchain":
            return has_kind and story.field("exception").value is not None
    return has_kind


@pytest.mark.parametrize("capture", SPANS)
def test_a_recorded_span_is_explained_in_these_words(capture, rewrite_golden):
    story = next(story for story in map(explain, spans(capture)) if is_wanted(story, capture))
    text = "\n".join(line.plain.rstrip() for line in lines(story)) + "\n"
    got = re.sub(r"source \d+ of \d+ of", "source N of", text)  # rows come and go
    golden = EXPLANATIONS / f"{capture}.txt"
    if rewrite_golden:
        golden.write_text(got, encoding="utf-8")
    assert got == golden.read_text(encoding="utf-8")
