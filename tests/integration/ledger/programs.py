"""The programs that are driven, and where a package tells its bill otherwise than it was billed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.integration.ledger.book import Entry, Usage

HERE = Path(__file__).parent / "drivers"
TIMEOUT_SECONDS = 120
FOREIGN = ("OTEL_", "OPENAI_", "ANTHROPIC_", "GOOGLE_", "GEMINI_", "LANGSMITH_", "LANGCHAIN_", "PYTHON")
"""Settings of the person who runs the tests."""


def always(_: Entry) -> bool:
    return True


def streamed(entry: Entry) -> bool:
    return entry.streamed


def whole(entry: Entry) -> bool:
    return not entry.streamed


@dataclass(frozen=True, slots=True)
class Gap:
    """A figure that a package does not send, or sends wrong, so that no receiver can know it; and why."""

    figure: str
    reason: str
    where: Callable[[Entry], bool] = always
    told: Callable[[Usage], int] = lambda _: 0


@dataclass(frozen=True, slots=True)
class Program:
    """One file of `drivers/`: the answers it is billed for, and what its spans tell of them."""

    name: str
    answers: int
    gaps: tuple[Gap, ...] = ()
    home: str = "current"
    fails: bool = False
    """It meets refusals and an answer without output, too."""
    tells_zero: bool = True
    """An output of 0 is in its spans, as 0."""
    settings: Mapping[str, str] = field(default_factory=dict)
    long: bool = False
    """Driven in the long run only: what is large to install or to import."""

    def told(self, entry: Entry) -> Usage:
        """Return what its spans tell of one line of the bill."""
        usage = entry.usage
        for gap in self.gaps:
            if gap.where(entry):
                usage = replace(usage, **{gap.figure: gap.told(entry.usage)})
        return usage

    def run(self, python: Path, *, model_server: str, otlp: str) -> None:
        """Run it to its end; raise with what it said if it fails."""
        done = subprocess.run(
            [python, HERE / f"{self.name}.py"],
            env=self._environment(f"{model_server}/{self.name}", otlp),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"{self.name} failed:\n{done.stdout}\n{done.stderr}")

    def _environment(self, models: str, otlp: str) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
        return {
            **kept,
            "PYTHONDONTWRITEBYTECODE": "",  # what one has compiled the next one finds
            "OPENAI_BASE_URL": f"{models}/v1",
            "OPENAI_API_KEY": "none",
            "ANTHROPIC_BASE_URL": models,
            "ANTHROPIC_API_KEY": "none",
            "ANTHROPIC_OPEN_TELEMETRY": "false",  # its own spans would tell under an instrumentor's again
            "GOOGLE_GEMINI_BASE_URL": models,
            "GEMINI_API_KEY": "none",
            "OTEL_EXPORTER_OTLP_ENDPOINT": otlp,
            "OTEL_RESOURCE_ATTRIBUTES": f"wandb.entity=ledger,wandb.project={self.name}",
            **self.settings,
        }


NO_CACHE_WRITE = Gap("cache_write", "it does not read prompt_tokens_details.cache_write_tokens")
NO_DETAILS = tuple(
    Gap(figure, "it sends the two totals only") for figure in ("cache_read", "cache_write", "reasoning")
)

PROGRAMS = (
    Program("pydantic_ai_agent", answers=12),
    Program("openinference_openai", answers=5, fails=True),
    Program("openinference_anthropic", answers=4, fails=True, long=True),
    Program(
        "openinference_langchain",
        answers=5,
        long=True,
        fails=True,
        gaps=(replace(NO_CACHE_WRITE, where=whole),),
    ),
    Program("openinference_agents", answers=4, long=True),
    Program("openinference_smolagents", answers=2, gaps=NO_DETAILS),
    Program("otel_genai_openai", answers=5, fails=True),
    Program("otel_genai_anthropic", answers=4, fails=True, long=True),
    Program(
        "otel_openai_v2",
        home="earlier",
        answers=5,
        fails=True,
        gaps=NO_DETAILS,
        tells_zero=False,
        long=True,
    ),
    Program("google_genai_client", answers=4, fails=True, long=True),
    Program(
        "openllmetry_openai",
        answers=5,
        fails=True,
        gaps=(NO_CACHE_WRITE, Gap("reasoning", "it reads no reasoning tokens of a stream", where=streamed)),
    ),
    Program(
        "openllmetry_anthropic",
        answers=4,
        fails=True,
        long=True,
        gaps=(
            Gap("reasoning", "it does not read output_tokens_details.thinking_tokens"),
            Gap(
                "output",
                "it adds the one token of a stream's first event to the total in the last",
                where=streamed,
                told=lambda usage: usage.output + 1,
            ),
        ),
    ),
    Program("anthropic_sdk", answers=4, fails=True, settings={"ANTHROPIC_OPEN_TELEMETRY": "true"}),
    Program("agent_framework_agent", answers=4, long=True),
    Program(
        "strands_agent",
        home="earlier",
        answers=3,
        long=True,
        gaps=(Gap("reasoning", "its usage has no reasoning tokens"),),
    ),
)
BY_NAME = {program.name: program for program in PROGRAMS}
