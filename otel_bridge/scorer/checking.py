"""Whether a scorer of a runner's kinds can be used, told before it runs."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from otel_bridge.scorer.base import Unusable
from otel_bridge.scorer.rules.opening import MODELS, open_rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.scorer.spec import Spec

RUNNER_KINDS: Final = frozenset({*MODELS, "python"})
"""Kinds that runner processes carry out; the others ask a service."""


def check(spec: Spec, python_path: Sequence[Path] = ()) -> None:
    """Raise Unusable when a scorer cannot run: its pattern or schema makes no sense, its package is missing.

    Nothing of a Python scorer is imported. Blocks: reads directories, compiles what is to be matched.
    """
    if spec.kind in MODELS:
        open_rule(spec.kind, spec.settings)
    elif spec.kind == "python":
        _check_package(spec.settings["callable"].partition(":")[0].partition(".")[0], python_path)


def needs_costs(spec: Spec) -> bool:
    """Tell whether a scorer reads what a call cost (`include_costs` of `/calls/stream_query`)."""
    return spec.kind in {"cost", "python"}


def needs_attributes(spec: Spec) -> bool:
    """Tell whether a scorer reads the attributes of the call; a Python scorer may."""
    if spec.kind == "python":
        return True
    settings = spec.settings
    fields = [settings.get("field"), settings.get("value_field"), *(settings.get("fields") or ())]
    every = [*fields, *(spec.column_map or {}).values()]
    return any(str(field).partition(".")[0] == "attributes" for field in every)


def _check_package(package: str, python_path: Sequence[Path]) -> None:
    folders = [*map(Path, python_path)]
    if any((folder / package).is_dir() or (folder / f"{package}.py").is_file() for folder in folders):
        return
    try:
        found = find_spec(package)
    except (ImportError, ValueError):
        found = None
    if found is None:
        raise Unusable(
            f"the Python package {package} is neither installed nor in a folder of scoring.python_path"
        )
