"""Which scorers there are: built in, registered, described by stored objects (`contract/weave-api.md` §4.3).

Code in stored objects is never run: an object describes one of our kinds or one of Weave's that hold
settings only, or a registered Python callable stands in for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace
from pydantic import TypeAdapter, ValidationError

from otel_bridge.query.refs import parsed
from otel_bridge.scorer.base import Unusable
from otel_bridge.scorer.kinds import DETERMINISTIC, Kind, kind_of
from otel_bridge.scorer.packages import installed
from otel_bridge.scorer.settings import ScorerSettings
from otel_bridge.scorer.spec import Bounds, Spec
from otel_bridge.scorer.stored import STORED
from otel_bridge.words import told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from otel_bridge.query.refs import Ref
    from otel_bridge.scorer.settings import Limits, ScoringSettings
    from otel_bridge.scorer.spec import Origin
    from otel_bridge.scorer.stored import Reader

CLASS: Final = "OtelBridgeScorer"
"""The class that published forms of registered scorers say they are of."""
_BASES: Final = ("Scorer", "Object", "BaseModel")
_COMMON: Final = frozenset(Kind.model_fields) | {"type", "column_map"}
_SETTINGS: Final[TypeAdapter[Kind]] = TypeAdapter(ScorerSettings)


class Registered(Mapping[str, Spec]):
    """Scorers that a name alone names. `unusable`: what was offered but cannot be used → why."""

    def __init__(self, specs: Iterable[Spec], defaults: Bounds, unusable: Mapping[str, str]) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._stand_ins = {name: spec for spec in self._specs.values() for name in spec.stands_in_for}
        self.defaults = defaults
        self.unusable = unusable

    def __getitem__(self, name: str) -> Spec:
        return self._specs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)

    def stand_in(self, *names: str | None) -> Spec | None:
        """Return the scorer that is applied in the place of a stored one of any of these names."""
        return next((self._stand_ins[name] for name in names if name in self._stand_ins), None)


def registered(settings: ScoringSettings) -> Registered:
    """Return what is built in, what installed packages offer and what the configuration says; the last wins.

    Nothing of the packages is imported, only what they say they offer is read (from disk: blocks).
    """
    defaults = _bounds(settings.limits)
    found = {spec.name: spec for spec in _built_in(defaults)}
    unusable: dict[str, str] = {}
    for name, callable_name in installed(unusable):
        if name in found:
            unusable[f"{name} ({callable_name})"] = f"{name} is the name of a kind that is built in"
            continue
        found[name] = Spec(
            name=name,
            kind="python",
            settings={"callable": callable_name},
            origin="package",
            description=f"offered by an installed package as {callable_name}",
            bounds=defaults,
        )
    for name, scorer in settings.scorers.items():
        found[name] = _spec(name, scorer, "config", settings.limits)
    return Registered(found.values(), defaults, unusable)


def spec_of_object(ref: str, val: Any, known: Registered) -> Spec:
    """Return the scorer that a stored object describes; raise Unusable.

    `val` is its value, with the objects it names in the place of their refs (`scorer/nested.py`); `ref` is an
    object or op ref with the digest of one version.
    """
    named = parsed(ref)
    if named is None or named.kind not in {"object", "op"} or named.extra:
        raise Unusable(f"{ref} is no ref of a scorer: weave:///ENTITY/PROJECT/object/NAME:DIGEST")
    content = val if isinstance(val, dict) else {}
    class_name = _class_of(content)
    if (stand_in := known.stand_in(named.name, class_name)) is not None:
        return _standing_in(stand_in, named.name, ref, content)
    if named.kind == "object" and class_name == CLASS:
        return _ours(ref, named, content, known)
    if named.kind == "object" and class_name is not None and class_name in STORED:
        kind, read = STORED[class_name]
        return Spec(
            name=named.name,
            kind=kind,
            settings=_read(read, ref, content),
            origin="object",
            ref=ref,
            description=_text(content, "description"),
            column_map=_column_map(ref, content),
            bounds=known.defaults,
            class_name=class_name,
        )
    if named.kind == "object" and "Scorer" not in (content.get("_bases") or ()):
        what = class_name or type(val).__name__
        raise Unusable(f"{ref} is no scorer but an object of class {what}")
    raise Unusable(
        f"{ref} needs code of its own, and code in stored objects is never run: register a Python callable"
        f" below scoring.scorers that says stands_in_for: [{named.name}]"
    )


def _read(read: Reader, ref: str, content: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return read(content)
    except Unusable as error:
        raise Unusable(f"{ref}: {error}") from error


def object_form(spec: Spec) -> dict[str, Any]:
    """Return what is published for a registered scorer, under its name as object id."""
    return {
        "_type": CLASS,
        "_class_name": CLASS,
        "_bases": list(_BASES),
        "name": spec.name,
        "description": spec.description,
        "column_map": spec.column_map,
        "kind": spec.kind,
        "settings": spec.settings,
    }


def _built_in(bounds: Bounds) -> Iterator[Spec]:
    """Yield the kinds that need no settings, each under its own name."""
    for model in DETERMINISTIC:
        kind = kind_of(model)
        try:
            model.model_validate({"type": kind})
        except ValidationError:
            continue
        yield Spec(
            name=kind, kind=kind, settings={}, origin="builtin", description=model.__doc__, bounds=bounds
        )


def _spec(name: str, scorer: Kind, origin: Origin, limits: Limits) -> Spec:
    said = scorer.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return Spec(
        name=name,
        kind=said["type"],
        settings={key: value for key, value in said.items() if key not in _COMMON},
        origin=origin,
        description=scorer.description,
        column_map=said.get("column_map"),
        bounds=_bounds(limits, scorer),
        stands_in_for=scorer.stands_in_for or (),
    )


def _bounds(limits: Limits, scorer: Kind | None = None) -> Bounds:
    own = {} if scorer is None else scorer.limits.model_dump(exclude_none=True)
    said = limits.model_dump() | own
    return Bounds(
        concurrency=said["concurrency"],
        per_minute=said["per_minute"],
        timeout_seconds=said["timeout"].total_seconds(),
        attempts=said["attempts"],
    )


def _ours(ref: str, named: Ref, content: Mapping[str, Any], known: Registered) -> Spec:
    """Read the published form of a registered scorer, or what somebody wrote in its shape."""
    kind, settings = content.get("kind"), content.get("settings") or {}
    same = known.get(named.name)
    if (
        same is not None
        and (same.kind, same.settings) == (kind, settings)
        and (same.column_map == content.get("column_map"))
    ):
        return replace(same, ref=ref)
    if kind == "python":
        what = "is not registered here" if same is None else "has other settings here now"
        raise Unusable(
            f"{ref}: the Python scorer {named.name} {what}; it must be below scoring.scorers in the"
            " configuration, and only its present version runs"
        )
    if not isinstance(settings, dict) or not _COMMON.isdisjoint(settings):
        raise Unusable(f"{ref}: settings is no object with the keys of its kind")
    column_map = _column_map(ref, content)
    try:
        checked = _SETTINGS.validate_python(
            {**settings, "type": kind} | ({} if column_map is None else {"column_map": column_map})
        )
    except ValidationError as error:
        raise Unusable(f"{ref}: {told(error, skip=1)}") from error
    return Spec(
        name=named.name,
        kind=str(kind),
        settings=checked.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude=set(_COMMON)),
        origin="object",
        ref=ref,
        description=_text(content, "description"),
        column_map=column_map,
        bounds=known.defaults if same is None else same.bounds,
    )


def _standing_in(spec: Spec, name: str, ref: str, content: Mapping[str, Any]) -> Spec:
    """Let a registered scorer judge under the name of a stored one, with its column map unless it has one."""
    column_map = _column_map(ref, content) if spec.column_map is None and spec.kind == "python" else None
    return replace(spec, name=name, ref=ref, column_map=column_map or spec.column_map)


def _class_of(content: Mapping[str, Any]) -> str | None:
    return _text(content, "_class_name") or _text(content, "_type")


def _text(content: Mapping[str, Any], key: str) -> str | None:
    found = content.get(key)
    return found if isinstance(found, str) else None


def _column_map(ref: str, content: Mapping[str, Any]) -> dict[str, str] | None:
    found = content.get("column_map")
    if found is None:
        return None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise Unusable(
            f"{ref}: column_map is no object of texts: parameter of the scorer → input of the call"
        )
    return {str(name): value for name, value in found.items() if not str(name).startswith("_")}
