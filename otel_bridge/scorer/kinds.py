r"""What may be written for a scorer, kind by kind. `docs/scoring.md` shows each with its result.

A **field** names a place in the call as queries do: `output`, `output.choices.0.message.content`,
`inputs.question`, `attributes.gen_ai\.request\.model`.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from otel_bridge.errors import InvalidRequest
from otel_bridge.model.query import COLUMNS
from otel_bridge.parsers import Strict, Wait
from otel_bridge.query.fields import MAX_NAME_CHARACTERS, path_of

MAX_LIST: Final = 1000
"""Texts, patterns or names in one setting."""
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,127}")
_CALLABLE: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_LEAST_TIMEOUT: Final = timedelta(milliseconds=10)
_MOST_TIMEOUT: Final = timedelta(days=1)


def check_name(name: str) -> str:
    """Check the name of a scorer or a monitor: it becomes the id of an object and part of a feedback type."""
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} is no name: letters, digits, `_`, `.` and `-`, at most 128 of them")
    return name


def check_field(name: str) -> str:
    """Check the name of a place in a call; raise ValueError."""
    root, dot, rest = name.partition(".")
    if root not in COLUMNS or len(name) > MAX_NAME_CHARACTERS:
        raise ValueError(
            f"{name!r} is no field of a call, for example output, output.text or inputs.question"
        )
    if dot:
        try:
            path_of(name, rest)
        except InvalidRequest as error:
            raise ValueError(f"{name!r} leads nowhere, for example output.choices.0.text") from error
    return name


def check_callable(name: str) -> str:
    """Check `package.module:name`; raise ValueError."""
    if _CALLABLE.fullmatch(name) is None:
        raise ValueError(f"{name!r} is not package.module:name")
    return name


def _check_timeout(timeout: timedelta) -> timedelta:
    if not _LEAST_TIMEOUT <= timeout <= _MOST_TIMEOUT:
        raise ValueError("a time-out is at least 10ms and at most 1d")
    return timeout


def listed(value: object) -> object:
    """Take one text for a list of one."""
    return (value,) if isinstance(value, str) else value


Name: TypeAlias = Annotated[str, AfterValidator(check_name)]
FieldName: TypeAlias = Annotated[str, AfterValidator(check_field)]
Texts: TypeAlias = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    BeforeValidator(listed),
    Field(min_length=1, max_length=MAX_LIST),
]
Timeout: TypeAlias = Annotated[Wait, AfterValidator(_check_timeout)]
Missing: TypeAlias = Literal["fail", "pass", "error"]
"""What a call without the field gives: a verdict that did not pass, one that did, or a failed run."""


class LimitSettings(Strict):
    """What a scorer may take; what is not said here is as `scoring.limits` says."""

    concurrency: int | None = Field(default=None, ge=1, le=10_000)
    per_minute: float | None = Field(default=None, gt=0)
    timeout: Timeout | None = None
    attempts: int | None = Field(default=None, ge=1, le=100)


class Kind(Strict):
    """What every scorer may be told.

    `stands_in_for` names stored scorers, by object id or class, that need code of their own: this one is
    applied in their place.
    """

    description: str | None = None
    stands_in_for: Texts | None = None
    limits: LimitSettings = LimitSettings()


class OfField(Kind):
    """A scorer of one place in the call. `raw`: as it is kept (`scorer/unwrapping.py`)."""

    field: FieldName = "output"
    raw: bool = False
    missing: Missing = "fail"


class Negatable(OfField):
    """A scorer whose verdict may be turned round."""

    negate: bool = False


class Ranged(Strict):
    """A number that may have bounds; both belong to what passes."""

    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is greater than max")
        return self


class ValidJson(Negatable):
    """The field is JSON, or a text that is. `fenced`: a text may wrap it in a Markdown code block."""

    type: Literal["valid_json"]
    expect: Literal["any", "object", "array"] = "any"
    fenced: bool = False


class JsonSchema(Negatable):
    """The field is valid by a JSON Schema (draft 4 to 2020-12). `text_is`: how a text counts."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    type: Literal["json_schema"]
    schema_: dict[str, Any] | bool = Field(alias="schema")
    text_is: Literal["json", "string"] = "json"
    fenced: bool = False
    check_formats: bool = False


class Regex(Negatable):
    """A regular expression (RE2 syntax) is found in the text of the field."""

    type: Literal["regex"]
    pattern: str = Field(max_length=100_000)
    match: Literal["search", "prefix", "full"] = "search"
    ignore_case: bool = False
    multiline: bool = False
    dot_all: bool = False


class Contains(Negatable):
    """Texts are in the text of the field: any of them, or all."""

    type: Literal["contains"]
    texts: Texts
    match: Literal["any", "all"] = "any"
    ignore_case: bool = False


class Compared(Negatable):
    """The field against a literal, or against another field of the call."""

    value: Any = None
    value_field: FieldName | None = None
    ignore_case: bool = False
    strip: bool = False

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        given = "value" in self.model_fields_set and (self.value is not None or self.value_field is None)
        if given == (self.value_field is not None):
            raise ValueError("there must be one of value and value_field")
        return self


class ExactMatch(Compared):
    """The field equals the value: texts as texts, anything else as JSON."""

    type: Literal["exact_match"]


class FuzzyMatch(Compared):
    """The text of the field is like the value: 1 is the same, 0 has nothing in common."""

    type: Literal["fuzzy_match"]
    method: Literal["ratio", "partial", "token_sort", "token_set", "levenshtein", "jaro_winkler"] = "ratio"
    threshold: float = Field(default=0.8, ge=0, le=1)
    max_characters: int = Field(default=20_000, ge=1, le=1_000_000)


class Length(OfField, Ranged):
    """How long the field is."""

    type: Literal["length"]
    unit: Literal["characters", "words", "lines", "bytes", "items"] = "characters"


class Latency(Kind):
    """How long the call took, in seconds from start to end."""

    type: Literal["latency"]
    min: Wait | None = None
    max: Wait | None = None
    missing: Missing = "fail"

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is greater than max")
        return self


class Cost(Kind, Ranged):
    """What the tokens of the call cost, in USD."""

    type: Literal["cost"]
    missing: Missing = "fail"


class Tokens(Kind, Ranged):
    """How many tokens the call took."""

    type: Literal["tokens"]
    count: Literal["total", "input", "output"] = "total"
    missing: Missing = "fail"


PiiKind: TypeAlias = Literal["email", "phone", "credit_card", "iban", "ip_address", "us_ssn", "secret"]
ALL_PII: Final[tuple[PiiKind, ...]] = (
    "email", "phone", "credit_card", "iban", "ip_address", "us_ssn", "secret",
)  # fmt: skip


class Pii(Kind):
    """No personal data and no secrets are in the fields; the result tells where they are, not what."""

    type: Literal["pii"]
    fields: Annotated[tuple[FieldName, ...], BeforeValidator(listed), Field(min_length=1)] = ("output",)
    kinds: tuple[PiiKind, ...] = Field(default=ALL_PII, min_length=1)
    allow: Annotated[tuple[str, ...], BeforeValidator(listed), Field(max_length=MAX_LIST)] = ()
    missing: Missing = "pass"


class Python(Kind):
    """A callable of the operator's: a function, a class with `score`, or an object of one.

    `arguments` go to the class. `column_map` names, for a parameter of `score`, the input that fills it.
    """

    type: Literal["python"]
    callable: Annotated[str, AfterValidator(check_callable)]
    arguments: dict[str, Any] = Field(default={})
    column_map: dict[str, str] | None = None


DETERMINISTIC: Final[tuple[type[Kind], ...]] = (
    ValidJson, JsonSchema, Regex, Contains, ExactMatch, FuzzyMatch, Length, Latency, Cost, Tokens, Pii,
)  # fmt: skip
"""Kinds that need nothing but the call."""


def kind_of(model: type[BaseModel]) -> str:
    """Return what `type` says for a kind's settings."""
    (name,) = model.model_fields["type"].annotation.__args__  # type: ignore[union-attr]
    return str(name)
