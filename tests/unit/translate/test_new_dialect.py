"""Adding a dialect takes rows and, where a shape is new, one reader (CONTRIBUTING.md)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_rows_and_one_reader_are_all_that_a_new_dialect_takes():
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.translate.new_dialect"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "inputs": {
            "acme.dialog": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
        },
        "output": {"acme.answer": {"text": "Hello"}},
        "kind": "llm",
        "usage": {"anvil-2": {"input_tokens": 7, "total_tokens": 7}},
        "explained": {"inputs": "acme.dialog", "output": "acme.answer", "attributes.model": "acme.model"},
        "left": [],
        "on the page": ["acme.dialog", "acme.answer", "acme.kind", "acme.model", "acme.cost.in"],
    }
