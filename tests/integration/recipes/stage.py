"""Where a recipe runs: its packages, a model server, and a bridge of its own."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.e2e import client
from tests.e2e.process import running
from tests.faults.metrics import metric
from tests.fixtures.environments import CannotInstall, make_environment
from tests.integration.ledger.book import Entry, Ledger, Usage
from tests.integration.ledger.programs import FOREIGN

if TYPE_CHECKING:
    from tests.e2e.process import Bridge
    from tests.integration.recipes.pages import Recipe

PROGRAM_SECONDS = 240
PATIENCE = {"pip": "60", "npm": "60000"}
"""How long an exporter waits for an answer: seconds in Python, milliseconds in JavaScript."""
NPM_SECONDS = 300
DOORS = {"http": "127.0.0.1:4318", "grpc": "127.0.0.1:4317", "api": "127.0.0.1:6345"}
"""The addresses that pages name, by the door of the bridge that they are."""
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY")


@dataclass
class Receipts(Ledger):
    """A bill with small figures that grow from answer to answer, so that a page may show them."""

    def bill(self, endpoint: str, model: str, *, speaks: bool, streamed: bool) -> Usage:
        number = len(self.entries)
        usage = Usage(20 + number, 5 + number) if endpoint != "embeddings" else Usage(20 + number)
        self.entries.append(Entry(endpoint, model, usage, streamed=streamed))
        return usage


class Tills(dict[str, Receipts]):
    """The receipts of each recipe."""

    def __missing__(self, name: str) -> Receipts:
        return self.setdefault(name, Receipts(seed=name))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a recipe printed, what its model answered for, and the calls that the bridge has of it."""

    printed: str
    complained: str
    """What it said on standard error."""
    billed: tuple[Entry, ...]
    calls: tuple[dict[str, Any], ...]
    in_vain: int
    """Requests with signals that the bridge does not take."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Runs recipes; `homes` keeps what they install, from one run of the tests to the next."""

    homes: Path
    models: str
    tills: Tills = field(default_factory=Tills)

    def run(self, recipe: Recipe, folder: Path) -> Outcome:
        """Do what the page says, against a new bridge; raise CannotInstall, or with what the program said."""
        command = self._install(recipe)
        self.tills.pop(recipe.name, None)
        with running(folder / "data", *recipe.flags) as bridge:
            done = subprocess.run(
                command,
                env=self._environment(recipe, bridge) | {"HOME": str(folder)},
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=PROGRAM_SECONDS,
                check=False,
            )
            if done.returncode:
                raise AssertionError(f"{recipe.name} failed:\n{done.stdout}\n{done.stderr}")
            calls = client.post(bridge.api, "/calls/stream_query", {"project_id": client.PROJECT})
            in_vain = metric(bridge, "otel_bridge_unsupported_signals_total")
        return Outcome(
            done.stdout, done.stderr, tuple(self.tills[recipe.name].entries), tuple(calls), int(in_vain)
        )

    def _install(self, recipe: Recipe) -> list[str | Path]:
        """Install what the page says, unless it is there; return the command that runs its program."""
        home = self.homes / hashlib.sha256(" ".join(recipe.install).encode()).hexdigest()[:16]
        done = home / "installed"
        if recipe.install[0] == "npm":
            return self._with_npm(recipe, home, done)
        if not done.exists():
            make_environment(home, *recipe.packages)
            done.touch()
        return [home / "bin" / "python", recipe.program]

    def _with_npm(self, recipe: Recipe, home: Path, done: Path) -> list[str | Path]:
        node, npm = shutil.which("node"), shutil.which("npm")
        if not (node and npm):
            raise CannotInstall("node and npm are not installed")
        if not done.exists():
            home.mkdir(parents=True, exist_ok=True)
            (home / "package.json").write_text('{"private": true}\n')
            npm_install(npm, home, recipe.packages)
            done.touch()
        # Node looks for packages above the program: it runs where they are.
        return [node, shutil.copy(recipe.program, home)]

    def _environment(self, recipe: Recipe, bridge: Bridge) -> dict[str, str]:
        """The page's variables, with this bridge where it names the usual addresses, and the fake model."""
        models = f"{self.models}/{recipe.name}"
        foreign = (*FOREIGN, "LANGFUSE_", "TRACELOOP_", "WANDB_", "WEAVE_", "LITELLM_", "ADK_")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
        variables = recipe.variables
        if not any(usual in value for usual in DOORS.values() for value in variables.values()):
            variables |= {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{DOORS['http']}"}  # as when nothing is said
        for door, usual in DOORS.items():
            here = getattr(bridge, door)
            place = urlsplit(here).netloc or here
            variables = {key: value.replace(usual, place) for key, value in variables.items()}
        return {
            **kept,
            **dict.fromkeys(KEYS, "none"),
            "OPENAI_BASE_URL": f"{models}/v1",
            "OPENAI_API_BASE": f"{models}/v1",
            "ANTHROPIC_BASE_URL": models,
            "GOOGLE_GEMINI_BASE_URL": models,
            "OTEL_EXPORTER_OTLP_TIMEOUT": PATIENCE[recipe.install[0]],
            **variables,
        }


def npm_install(npm: str, folder: Path, packages: list[str]) -> None:
    """Install packages of npm into a folder; raise CannotInstall."""
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1", "--loglevel=error"]
    try:
        done = subprocess.run(
            [npm, "install", *options, *packages],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=NPM_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CannotInstall(f"npm has not installed {' '.join(packages)} after {NPM_SECONDS} s") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise CannotInstall(
            f"npm cannot install {' '.join(packages)}: {said[0]}"
        )  # the last line names a log
