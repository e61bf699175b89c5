"""All that is known of scorers, on the side that blocks: loaded when somebody first asks, in a thread.

An idle bridge has imported none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otel_bridge.api.scoring.naming import Unfit
from otel_bridge.scorer.base import Unusable
from otel_bridge.scorer.catalogue import object_form, registered, spec_of_object
from otel_bridge.scorer.checking import RUNNER_KINDS, check
from otel_bridge.scorer.nested import MAX_DEPTH, filled, refs_in
from otel_bridge.scorer.places import Places
from otel_bridge.scorer.settings import ScoringSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.scorer.spec import Spec

__all__ = ["MAX_DEPTH", "Known", "filled", "object_form", "refs_in"]


class Known:
    """The registered scorers, and what the operator allows those that were published."""

    def __init__(self, settings: ScoringSettings | None, environ: Mapping[str, str]) -> None:
        settings = settings or ScoringSettings()
        self.registered = registered(settings)
        self._python_path = settings.python_path
        self._places = Places(settings, environ)

    def of_object(self, ref: str, val: Any) -> Spec:
        """Return the scorer that a stored object describes; raise Unfit."""
        try:
            return self.fit(spec_of_object(ref, val, self.registered))
        except Unusable as error:
            raise Unfit(str(error)) from None

    def fit(self, spec: Spec) -> Spec:
        """Return a scorer that can be used as it is; raise Unfit."""
        try:
            if spec.kind in RUNNER_KINDS:
                check(spec, self._python_path)
            else:
                self._places.check(spec)
        except Unusable as error:
            raise Unfit(str(error)) from None
        return spec
