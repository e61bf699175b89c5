"""Every model that a route names, by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel
from typing_extensions import is_typeddict

from otel_bridge.api import (
    annex_bodies,
    bridge,
    feedback_statistics_schema,
    queries,
    session,
    statistics_schema,
)
from otel_bridge.api.openapi import annex, calls, scoring, server
from otel_bridge.api.scoring import bodies as scoring_bodies
from otel_bridge.weave import annex_schema, schema

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

_MODULES: Final = (
    schema,
    annex_schema,
    queries,
    annex_bodies,
    statistics_schema,
    feedback_statistics_schema,
    bridge,
    session,
    calls,
    annex,
    scoring,
    scoring_bodies,
    server,
)


def _models(module: ModuleType) -> dict[str, Any]:
    """Return the models that a module defines."""
    return {
        name: found
        for name, found in vars(module).items()
        if isinstance(found, type)
        and found.__module__ == module.__name__
        and (issubclass(found, BaseModel) or is_typeddict(found))
    }


MODELS: Final[Mapping[str, Any]] = {
    name: model for module in _MODULES for name, model in _models(module).items()
}
