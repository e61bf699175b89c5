"""Every program that a test of this folder asks for runs once, one a core, into one bridge."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.process import running
from tests.fixtures.environments import CannotInstall
from tests.integration.ledger.environment import Environments
from tests.integration.ledger.model_server import model_server
from tests.integration.ledger.programs import PROGRAMS, Program
from tests.integration.ledger.stage import Run, Stage

AT_ONCE = os.cpu_count() or 1
"""Programs; each keeps a core busy, mostly by importing."""
KEEP = "OTEL_BRIDGE_KEEP_EXPORTS"
"""Names a folder in which every program's exports stay, as they were sent."""


@pytest.fixture(scope="session")
def ledger_bridge(tmp_path_factory):
    """The bridge that all programs send to."""
    with running(tmp_path_factory.mktemp("ledger-bridge") / "data") as bridge:
        yield bridge


@pytest.fixture(scope="session")
def runs(request, tmp_path_factory, ledger_bridge):
    """The run of every program that a chosen test asks for, on its way."""
    folder = tmp_path_factory.mktemp("ledger")
    exports = Path(os.environ.get(KEEP) or folder / "exports")
    specs = [item.callspec for item in request.session.items if hasattr(item, "callspec")]
    wanted = [spec.params.get("program") for spec in specs]
    with model_server() as (models, books), ThreadPoolExecutor(AT_ONCE) as pool:
        stage = Stage(Environments(folder), models, books, ledger_bridge, exports)
        yield {program.name: pool.submit(stage.run, program) for program in PROGRAMS if program in wanted}
        pool.shutdown(cancel_futures=True)


@pytest.fixture
def run(program: Program, runs: dict[str, Future[Run]]) -> Run:
    """The finished run of the test's program; without its packages, the test is skipped by name."""
    try:
        return runs[program.name].result()
    except CannotInstall as reason:
        pytest.skip(f"{program.name}: {reason}")
