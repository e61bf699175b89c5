"""The keys of processors (`contract/pipeline-config.md` §1.5, §2.2): one strict model for each type."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ByteSize, ConfigDict, Field, model_validator

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


class Strict(BaseModel):
    """Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Action(Strict):
    """One edit. `pattern` is a regular expression (RE2) over keys, for `extract` over the value of `key`."""

    action: Literal["insert", "update", "upsert", "delete", "hash", "extract", "convert"]
    key: str | None = Field(default=None, min_length=1)
    value: Any = None
    from_attribute: str | None = Field(default=None, min_length=1)
    pattern: str | None = Field(default=None, min_length=1)
    converted_type: Literal["int", "double", "string", "bool"] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Action:
        given = {name for name in ("value", "from_attribute", "pattern", "converted_type", "key")
                 if getattr(self, name) is not None}  # fmt: skip
        takes, whole = _TAKES[self.action]
        if not whole(given):
            raise ValueError(f"{self.action} needs {NEEDS[self.action]}")
        if given - takes:
            raise ValueError(f"{self.action} does not take {' and '.join(sorted(given - takes))}")
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
    """Edits attributes of spans, and those of calls that the API wrote; `where`: only of these."""

    actions: Annotated[tuple[Action, ...], Field(min_length=1)]
    where: str | None = None


class ResourceSettings(Strict):
    """Edits attributes of resources; calls that the API wrote have none."""

    attributes: Annotated[tuple[Action, ...], Field(min_length=1)]
    where: str | None = None


class FilteredTraces(Strict):
    """Conditions; whatever meets any of them is dropped."""

    resource: tuple[str, ...] = ()
    span: tuple[str, ...] = ()
    spanevent: tuple[str, ...] = ()


class FilterSettings(Strict):
    """Drops spans, calls and span events that meet a condition."""

    traces: FilteredTraces
    error_mode: Literal["ignore", "silent", "propagate"] = "propagate"

    @model_validator(mode="after")
    def _something(self) -> FilterSettings:
        if not (self.traces.resource or self.traces.span or self.traces.spanevent):
            raise ValueError("there is no condition: give traces.resource, traces.span or traces.spanevent")
        return self


class SamplerSettings(Strict):
    """Keeps a part of all traces, whole ones: whether a trace is kept hangs on its id alone."""

    sampling_percentage: float = Field(ge=0, le=100)
    mode: Literal["proportional", "equalizing", "hash_seed"] = "proportional"
    hash_seed: int = Field(default=0, ge=0, lt=1 << 32)
    sampling_precision: int = Field(default=4, ge=1, le=14)
    fail_closed: bool = True


class TruncateSettings(Strict):
    """Cuts texts that are huge, with a mark that says what was cut."""

    max_value_bytes: Annotated[ByteSize, Field(ge=64)] = ByteSize(1 << 20)
    keys: tuple[str, ...] = ()


class BlockedValue(Strict):
    """What is masked wherever it stands: a pattern, which a checksum may confirm, or a known kind."""

    pattern: str | None = Field(default=None, min_length=1)
    checksum: Literal["luhn", "iban"] | None = None
    kind: Literal["card", "iban"] | None = None

    @model_validator(mode="after")
    def _one(self) -> BlockedValue:
        if (self.pattern is None) == (self.kind is None):
            raise ValueError("give either pattern, with or without checksum, or kind")
        if self.kind is not None and self.checksum is not None:
            raise ValueError("a kind has its own checksum")
        return self


class RedactionSettings(Strict):
    """Hides what must not be kept, in attributes, events, links, scopes, resources, inputs and output.

    Without `allow_all_keys` an attribute goes unless `allowed_keys` names it.
    """

    allow_all_keys: bool = False
    allowed_keys: tuple[str, ...] = ()
    ignored_keys: tuple[str, ...] = ()
    ignored_key_patterns: tuple[str, ...] = ()
    blocked_key_patterns: tuple[str, ...] = ()
    blocked_values: tuple[str | BlockedValue, ...] = ()
    allowed_values: tuple[str, ...] = ()
    hash_function: Literal["none", "md5", "sha1", "sha256", "sha3"] = "none"
    summary: Literal["debug", "info", "silent"] = "silent"
    redact_all_types: bool = True
