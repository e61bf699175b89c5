"""Where the programs run: their environments, the model server with its books, and one bridge."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e import client
from tests.e2e.process import Bridge
from tests.integration.ledger.book import Ledger
from tests.integration.ledger.environment import Environments
from tests.integration.ledger.model_server import Books
from tests.integration.ledger.programs import Program
from tests.integration.ledger.relay import KEPT, keeping


@dataclass(frozen=True, slots=True)
class Run:
    """What one program was billed, what it exported, and what the bridge says of it."""

    program: Program
    ledger: Ledger
    exports: tuple[bytes, ...]
    calls: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """Where programs run: environments, a model server with its books, a bridge, a folder for exports."""

    environments: Environments
    models: str
    books: Books
    bridge: Bridge
    exports: Path

    def run(self, program: Program) -> Run:
        """Run one program to its end and read back what the bridge has stored of it."""
        python = self.environments.python(program.home)
        folder = self.exports / program.name
        with keeping(folder, self.bridge.http) as otlp:
            program.run(python, model_server=self.models, otlp=otlp)
        return Run(
            program=program,
            ledger=self.books[program.name],
            exports=tuple(path.read_bytes() for path in sorted(folder.glob(KEPT))),
            calls=calls_of(self.bridge, program),
        )


def calls_of(bridge: Bridge, program: Program) -> tuple[dict[str, Any], ...]:
    """Every call that a bridge has of a program."""
    query = {"project_id": f"ledger/{program.name}"}
    return tuple(client.post(bridge.api, "/calls/stream_query", query))
