"""`redaction`: hides what must not be kept, before anything is (`contract/pipeline-config.md` §1.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from otel_bridge.patterns import union
from otel_bridge.processor.base import Processor
from otel_bridge.processor.glance import Glance
from otel_bridge.processor.json_texts import JsonTexts
from otel_bridge.processor.masking import Mask
from otel_bridge.processor.texts import change_field, change_value, changed_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from otel_bridge.processor.attributes_map import AttributeMap
    from otel_bridge.processor.base import Fate
    from otel_bridge.processor.settings import RedactionSettings
    from otel_bridge.processor.views import CallView, LogView, ResourceView, SpanView

ROUTING_KEYS: Final = frozenset({"wandb.entity", "wandb.project"})
"""They say which project spans belong to: without them a prompt would end up in another one."""

SUMMARY: Final = {
    "masked": "redaction.masked.count",
    "redacted": "redaction.redacted.count",
    "ignored": "redaction.ignored.count",
}
SUMMARY_KEYS: Final = {
    "masked": "redaction.masked.keys",
    "redacted": "redaction.redacted.keys",
    "ignored": "redaction.ignored.keys",
}
"""Attributes that tell how much was hidden, and of which keys; names as in the Collector."""

MAX_REMEMBERED: Final = 4096
"""Keys of which is remembered what becomes of them."""


class Found:
    """What was hidden in one span or call: keys of values that were masked, removed, or left alone."""

    def __init__(self) -> None:
        self.masked: list[str] = []
        self.redacted: list[str] = []
        self.ignored: list[str] = []


class _Remembered(dict[str, Any]):
    """What a function says of keys, which are few and come again and again."""

    def __init__(self, ask: Callable[[str], Any]) -> None:
        super().__init__()
        self._ask = ask

    def __missing__(self, key: str) -> Any:
        if len(self) >= MAX_REMEMBERED:
            self.clear()  # somebody makes up keys
        answer = self[key] = self._ask(key)
        return answer


class Redaction(Processor):
    """The processor; raises ValueError for patterns that are no regular expressions."""

    def __init__(self, name: str, settings: RedactionSettings) -> None:
        self.name = name
        self._all_keys = settings.allow_all_keys
        self._allowed = frozenset(settings.allowed_keys) | ROUTING_KEYS
        self._ignored = frozenset(settings.ignored_keys)
        self._ignored_like = _search(settings.ignored_key_patterns)
        self._blocked_like = _search(settings.blocked_key_patterns)
        self._mask = Mask(
            settings.blocked_values,
            settings.allowed_values,
            hash_function=settings.hash_function,
            all_types=settings.redact_all_types,
        )
        self._summary = settings.summary
        self._fates = _Remembered(self._judged)
        self._blocked = None if self._blocked_like is None else _Remembered(self._blocked_like)
        self._texts = (
            None if self._blocked is None else JsonTexts(self._blocked.__getitem__, self._mask.whole)
        )
        plain = self._all_keys and not self._ignored and self._ignored_like is None and self._blocked is None
        self._glance = Glance(
            self._mask.patterns,
            all_types=settings.redact_all_types,
            tells=None if plain else self._tells,
            tells_inside=None if self._blocked is None else self._blocked.__getitem__,
            tells_text=None if self._texts is None else self._texts.says,
        )

    def resource(self, view: ResourceView) -> Fate | None:
        """`Processor.resource`. Fields that this version does not know go: nobody can look into them."""
        view.message.DiscardUnknownFields()
        found = Found()
        view.attributes.forget()
        self._pairs(view.message.resource.attributes, found)
        change_field(view.message, "schema_url", self._mask)
        for each in view.scopes():
            change_field(each, "schema_url", self._mask)
            self._pairs(each.scope.attributes, found)
            for field in ("name", "version"):
                change_field(each.scope, field, self._mask)
        self._tell(view.attributes, found)
        return None

    def span(self, view: SpanView) -> Fate | None:
        """`Processor.span`."""
        if self._glance.finds_nothing(view.message):
            return None
        message, found = view.message, Found()
        view.attributes.forget()
        self._pairs(message.attributes, found)
        for event in message.events:
            self._pairs(event.attributes, found)
            self._field(event, "name", found)
        for link in message.links:
            self._pairs(link.attributes, found)
            self._field(link, "trace_state", found)
        self._field(message, "name", found)
        self._field(message, "trace_state", found)
        self._field(message.status, "message", found)
        self._tell(view.attributes, found)
        return None

    def log(self, view: LogView) -> Fate | None:
        """`Processor.log`. The body is judged as an attribute of the key `body` is."""
        message, found = view.message, Found()
        view.attributes.forget()
        self._pairs(message.attributes, found)
        for field in ("event_name", "severity_text"):
            self._field(message, field, found)
        self._body(message, found)
        self._tell(view.attributes, found)
        return None

    def _body(self, message: Any, found: Found) -> None:
        if not message.HasField("body"):
            return
        fate = self._fates["body"]
        if fate == "redacted":
            message.ClearField("body")
            found.redacted.append("body")
        elif fate is None:
            if change_value(message.body, self._mask):
                found.masked.append("body")
            self._inside(message.body, "body", found)

    def call(self, view: CallView) -> Fate | None:
        """`Processor.call`. The trees of a call are judged as attributes are, `output` by its own name."""
        found = Found()
        for name in ("attributes", "inputs", "otel_dump", "summary"):
            tree = view.tree(name)
            if isinstance(tree, dict):
                view.put(name, self._tree(tree, found, keys=name in {"attributes", "inputs"}))
        self._output(view, found)
        view.change_texts(self._mask)
        if view.attributes is not None:
            self._tell(view.attributes, found)
        return None

    def renamed(self, name: str) -> str:
        """`Processor.renamed`."""
        return str(self._mask(name))

    def _output(self, view: CallView, found: Found) -> None:
        output = view.tree("output")
        if output is None:
            return
        if isinstance(output, dict):
            view.put("output", self._tree(output, found, keys="output" not in self._allowed))
        elif self._all_keys or "output" in self._allowed:
            view.put("output", self._tree({"output": output}, found, keys=False)["output"])
        else:
            found.redacted.append("output")
            view.put("output", None)

    def _pairs(self, pairs: Any, found: Found) -> None:
        """Judge the attributes of a message."""
        for at in reversed(range(len(pairs))):
            pair = pairs[at]
            fate = self._fates[pair.key]
            if fate is None:
                if change_value(pair.value, self._mask):
                    found.masked.append(pair.key)
                self._inside(pair.value, pair.key, found)
            elif fate == "masked":
                self._hide(pair.value)
                found.masked.append(pair.key)
            elif fate == "redacted":
                found.redacted.append(pair.key)
                del pairs[at]
            else:
                found.ignored.append(pair.key)

    def _inside(self, value: Any, key: str, found: Found) -> None:
        """Mask members of maps inside a value by their keys, also where it is JSON in a text."""
        if self._blocked is None:
            return
        if value.WhichOneof("value") in {"string_value", "bytes_value"}:
            change_value(value, lambda text: self._text(text, key, found))
            return
        for item in value.array_value.values:
            self._inside(item, key, found)
        for pair in value.kvlist_value.values:
            if self._blocked[pair.key]:
                self._hide(pair.value)
                found.masked.append(f"{key}.{pair.key}")
            else:
                self._inside(pair.value, f"{key}.{pair.key}", found)

    def _text(self, text: str, place: str, found: Found) -> str:
        return text if self._texts is None else self._texts.masked(text, place, found.masked)

    def _tree(self, tree: dict[str, Any], found: Found, *, keys: bool) -> dict[str, Any]:
        """Judge the members of a tree; `keys`: those at the top may be forbidden."""
        kept: dict[str, Any] = {}
        for key, value in tree.items():
            fate = self._fates[key]
            if fate == "redacted" and keys:
                found.redacted.append(key)
            elif fate == "masked":
                kept[key] = self._mask.whole(str(value))
                found.masked.append(key)
            elif fate == "ignored":
                kept[key] = value
                found.ignored.append(key)
            else:
                count = [0]
                kept[key] = self._members(changed_tree(value, self._mask, count), key, found)
                if count[0]:
                    found.masked.append(key)
        return kept

    def _members(self, value: Any, place: str, found: Found) -> Any:
        """Mask members of objects inside a value by their keys, also where it is JSON in a text."""
        if self._blocked is None:
            return value
        if isinstance(value, str):
            return self._text(value, place, found)
        if isinstance(value, list):
            return [self._members(item, place, found) for item in value]
        if not isinstance(value, dict):
            return value
        kept: dict[str, Any] = {}
        for key, member in value.items():
            if self._blocked[key]:
                kept[key] = self._mask.whole(str(member))
                found.masked.append(f"{place}.{key}")
            else:
                kept[key] = self._members(member, f"{place}.{key}", found)
        return kept

    def _tells(self, key: str) -> bool:
        return self._fates[key] is not None

    def _judged(self, key: str) -> str | None:
        """Say what becomes of an attribute by its key; None: its value is looked at."""
        if key in self._ignored or (self._ignored_like is not None and self._ignored_like(key)):
            return "ignored"
        if not self._all_keys and key not in self._allowed:
            return "redacted"
        return "masked" if self._blocked_like is not None and self._blocked_like(key) else None

    def _field(self, message: Any, field: str, found: Found) -> None:
        if change_field(message, field, self._mask):
            found.masked.append(field)

    def _hide(self, value: Any) -> None:
        """Mask a whole `AnyValue`."""
        text = _spelled(value)
        value.Clear()
        value.string_value = self._mask.whole(text)

    def _tell(self, attributes: AttributeMap, found: Found) -> None:
        """Set the attributes that tell what was hidden, as the summary wants it."""
        if self._summary == "silent":
            return
        for name, attribute in SUMMARY.items():
            hidden: list[str] = getattr(found, name)
            if hidden:
                attributes.set(attribute, len(hidden))
                if self._summary == "debug":
                    attributes.set(SUMMARY_KEYS[name], ",".join(sorted(set(hidden))))


def _search(patterns: Sequence[str]) -> Callable[[str], bool] | None:
    whole = union(patterns)
    return None if whole is None else lambda key: whole.search(key) is not None


def _spelled(value: Any) -> str:
    kind = value.WhichOneof("value")
    return "" if kind is None else str(getattr(value, kind))
