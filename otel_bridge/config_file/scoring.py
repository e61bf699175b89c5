"""What `scoring` of an API says, against the rest of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from pydantic import ValidationError

from otel_bridge.config_file.problems import spelled
from otel_bridge.config_file.registry import type_of
from otel_bridge.query.derived import REF_SCHEME
from otel_bridge.spelling import did_you_mean
from otel_bridge.weave.refusals import WriteRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from otel_bridge.config_file.document import Document
    from otel_bridge.config_file.registry import Kind
    from otel_bridge.scorer.settings import ScoringSettings

IN_THE_STORE: Final = "store"
"""What `jobs` says of tasks that wait in the store; anything else is the id of an extension."""
STORE: Final = "store"
KAFKA: Final = "kafka"


def check_scoring(
    name: str, scoring: ScoringSettings, used: Mapping[Kind, Sequence[str]], document: Document
) -> None:
    """Note what does not fit together: `used` are the names of the components that run, by kind."""
    place = ("receivers", name, "scoring")
    if not any(type_of(one) == STORE for one in used["exporters"]):
        document.problem(
            place, f"{spelled(place)}: no pipeline has a store; the upstream keeps the calls and scores them"
        )
    if scoring.jobs != IN_THE_STORE and (
        type_of(scoring.jobs) != KAFKA or scoring.jobs not in used["extensions"]
    ):
        where = (*place, "jobs")
        document.problem(
            where, f"{spelled(where)}: {scoring.jobs} is neither store nor a kafka in service.extensions"
        )
    _check_monitors(name, scoring, document)


def _check_monitors(name: str, scoring: ScoringSettings, document: Document) -> None:
    """Note names of scorers that are none, and queries; refs are looked up when a call has ended."""
    if not scoring.monitors:
        return
    from otel_bridge.scorer.catalogue import registered  # noqa: PLC0415 - only where monitors are set

    known = registered(scoring)
    for monitor, settings in scoring.monitors.items():
        if settings.query is not None and (wrong := _wrong_with(settings.query)) is not None:
            place = ("receivers", name, "scoring", "monitors", monitor, "query")
            document.problem(place, f"{spelled(place)}: {wrong}")
        for at, scorer in enumerate(settings.scorers):
            if scorer in known or scorer.startswith(REF_SCHEME):
                continue
            where = ("receivers", name, "scoring", "monitors", monitor, "scorers", at)
            document.problem(
                where, f"{spelled(where)}: there is no scorer {scorer}{did_you_mean(scorer, known)}"
            )


def _wrong_with(query: Mapping[str, Any]) -> str | None:
    """Say why a query cannot be asked, None when it can."""
    from otel_bridge.weave.expressions import (  # noqa: PLC0415 - as above
        Query,
        check_expression_size,
        expression,
    )
    from otel_bridge.words import told  # noqa: PLC0415 - as above

    try:
        check_expression_size(query)
        expression(Query.model_validate(query))
    except ValidationError as error:
        return told(error)
    except WriteRefused as error:
        return str(orjson.loads(error.body)["reason"])
    return None
