"""The keys of processors (`contract/pipeline-config.md` §1.5, §2.2): one strict model for each type."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

import orjson
from pydantic import ByteSize, Field, model_validator

from otel_bridge.condition.paths import ErrorMode  # noqa: TC001 - pydantic reads the annotations
from otel_bridge.parsers import Strict, Wait

NEEDS: Final = {
    "insert": "value or from_attribute",
    "update": "value or from_attribute",
    "upsert": "value or from_attribute",
    "delete": "key or pattern",
    "hash": "key or pattern",
    "extract": "key and pattern",
    "convert": "key and converted_type",
}
"""What each action of `attributes` and `resource` cannot do without."""
_PARTS: Final = ("value", "from_attribute", "pattern", "converted_type", "key")


class Action(Strict):
    """One edit of attributes."""

    action: Literal["insert", "update", "upsert", "delete", "hash", "extract", "convert"]
    """`insert` sets what is not there, `update` what is there, `upsert` either; `hash` leaves the SHA-256."""
    key: str | None = Field(default=None, min_length=1)
    """The attribute."""
    value: Any = None
    """What to set."""
    from_attribute: str | None = Field(default=None, min_length=1)
    """The attribute whose value to set; without it nothing happens."""
    pattern: str | None = Field(default=None, min_length=1)
    """A regular expression (RE2): keys to delete or hash; for `extract` the value, named groups are set."""
    converted_type: Literal["int", "double", "string", "bool"] | None = None
    """What `convert` makes of a value; one that cannot be converted stays."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = {name for name in _PARTS if getattr(self, name) is not None}
        takes, whole = _TAKES[self.action]
        if not whole(given):
            raise ValueError(f"{self.action} needs {NEEDS[self.action]}")
        if given - takes:
            raise ValueError(f"{self.action} does not take {' and '.join(sorted(given - takes))}")
        try:
            orjson.dumps(self.value)
        except TypeError as error:
            raise ValueError(f"value cannot be an attribute: {error}") from None
        return self


def _sets(given: set[str]) -> bool:
    return "key" in given and len(given & {"value", "from_attribute"}) == 1


def _names(given: set[str]) -> bool:
    return len(given & {"key", "pattern"}) >= 1


_SET: Final = ({"key", "value", "from_attribute"}, _sets)
_NAME: Final = ({"key", "pattern"}, _names)
_TAKES: Final[dict[str, tuple[set[str], Any]]] = {
    "insert": _SET,
    "update": _SET,
    "upsert": _SET,
    "delete": _NAME,
    "hash": _NAME,
    "extract": ({"key", "pattern"}, lambda given: given == {"key", "pattern"}),
    "convert": ({"key", "converted_type"}, lambda given: given == {"key", "converted_type"}),
}
"""Action → the keys it takes, and whether those that are given make it whole."""


class AttributesSettings(Strict):
    """Edits attributes of spans and log records, and those of calls that the API wrote."""

    actions: Annotated[tuple[Action, ...], Field(min_length=1)]
    """The edits, one after the other."""
    where: str | None = None
    """Only of spans and calls that meet this condition."""


class ResourceSettings(Strict):
    """Edits attributes of resources, so also which project spans belong to."""

    attributes: Annotated[tuple[Action, ...], Field(min_length=1)]
    """The edits, one after the other."""
    where: str | None = None
    """Only of resources that meet this condition."""


class FilteredTraces(Strict):
    """Conditions; whatever meets any of them is dropped."""

    resource: tuple[str, ...] = ()
    """Asked of resources, which go with all their spans and log records."""
    span: tuple[str, ...] = ()
    """Asked of spans, and of calls that the API wrote."""
    spanevent: tuple[str, ...] = ()
    """Asked of the events of spans: only the event goes."""


class FilterSettings(Strict):
    """Drops spans, calls that the API wrote, and span events that meet a condition."""

    traces: FilteredTraces
    """The conditions."""
    error_mode: ErrorMode = "propagate"
    """Taken and not heeded: a [condition](conditions.md) never fails here."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.traces.resource or self.traces.span or self.traces.spanevent):
            raise ValueError("there is no condition: give traces.resource, traces.span or traces.spanevent")
        return self


class SamplerSettings(Strict):
    """Keeps a part of all traces, whole ones: whether a trace is kept hangs on its id alone."""

    sampling_percentage: float = Field(ge=0, le=100)
    """How much is kept."""
    mode: Literal["proportional", "equalizing", "hash_seed"] = "proportional"
    """`proportional` keeps this part of what comes, `equalizing` at most this part of what was sent."""
    hash_seed: int = Field(default=0, ge=0, lt=1 << 32)
    """For the mode `hash_seed`: another seed keeps other traces."""
    sampling_precision: int = Field(default=4, ge=1, le=14)
    """Hex digits of the threshold in the trace state."""
    fail_closed: bool = True
    """Whether a span whose trace state cannot be read is dropped."""


class TruncateSettings(Strict):
    """Cuts texts that are huge, with a mark that says what was cut."""

    max_value_bytes: Annotated[ByteSize, Field(ge=64)] = ByteSize(1 << 20)
    """How long a text may be, in bytes of UTF-8."""
    keys: tuple[str, ...] = ()
    """Only these attributes; for calls that the API wrote `inputs` and `output` are names too."""


class BlockedValue(Strict):
    """What is masked wherever it stands: a pattern, which a checksum may confirm, or a known kind."""

    pattern: str | None = Field(default=None, min_length=1)
    """A regular expression (RE2)."""
    checksum: Literal["luhn", "iban"] | None = None
    """What the pattern finds counts only when this confirms it."""
    kind: Literal["card", "iban"] | None = None
    """Card numbers or IBANs, with their checksums."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.pattern is None) == (self.kind is None):
            raise ValueError("give either pattern, with or without checksum, or kind")
        if self.kind is not None and self.checksum is not None:
            raise ValueError("a kind has its own checksum")
        return self


class RedactionSettings(Strict):
    """Hides what must not be kept, in attributes, events, links, scopes, resources, inputs and output.

    Names of attributes stay as they are; feedback, objects, tables and files of the API pass no processor.
    """

    allow_all_keys: bool = False
    """Whether attributes stay that `allowed_keys` does not name."""
    allowed_keys: tuple[str, ...] = ()
    """Attributes that stay; `output` and `body` name the output of a call and the body of a log record."""
    ignored_keys: tuple[str, ...] = ()
    """Attributes that stay with whatever they hold."""
    ignored_key_patterns: tuple[str, ...] = ()
    """The same by regular expressions (RE2)."""
    blocked_key_patterns: tuple[str, ...] = ()
    """Regular expressions (RE2) of keys whose values are masked whole, inside values and JSON texts too."""
    blocked_values: tuple[str | BlockedValue, ...] = ()
    """What is masked inside values: regular expressions (RE2), some with a checksum, or known kinds."""
    allowed_values: tuple[str, ...] = ()
    """Regular expressions (RE2) of values that stay although something in them is blocked."""
    hash_function: Literal["none", "md5", "sha1", "sha256", "sha3"] = "none"
    """What stands in place of what is hidden: `****`, or its digest."""
    summary: Literal["debug", "info", "silent"] = "silent"
    """Whether attributes `redaction.*` tell how much was hidden (`info`), and of which keys (`debug`)."""
    redact_all_types: bool = True
    """Whether numbers are looked at as well as texts."""


class MemoryLimiterSettings(Strict):
    """Makes senders wait while the bridge takes too much memory: all its processes, or its container."""

    check_interval: Wait = Field(default="1s", validate_default=True)
    """How often it looks."""
    limit_mib: int | None = Field(default=None, ge=64)
    """How much it may take, in MiB."""
    limit_percentage: float | None = Field(default=None, gt=0, le=100)
    """The same in percent of what the container, or else the machine, has."""
    spike_limit_mib: int | None = Field(default=None, ge=0)
    """How far below the limit it begins, in MiB; a fifth of the limit where nothing is said."""
    spike_limit_percentage: float | None = Field(default=None, ge=0, lt=100)
    """The same in percent of what the container or the machine has."""

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if (self.limit_mib is None) == (self.limit_percentage is None):
            raise ValueError("give either limit_mib or limit_percentage")
        if self.spike_limit_mib is not None and self.spike_limit_percentage is not None:
            raise ValueError("give either spike_limit_mib or spike_limit_percentage")
        if self.check_interval.total_seconds() <= 0:
            raise ValueError("check_interval must be longer than nothing")
        return self
