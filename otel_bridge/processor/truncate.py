"""`truncate`: cuts huge texts, and leaves a mark that says how much there was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from otel_bridge.processor.base import Processor
from otel_bridge.processor.texts import change_pairs, change_value, changed_tree

if TYPE_CHECKING:
    from otel_bridge.processor.base import Fate
    from otel_bridge.processor.settings import TruncateSettings
    from otel_bridge.processor.views import CallView, LogView, ResourceView, SpanView

TRUNCATED: Final = "otel_bridge.truncated"
"""The attribute that counts the values that were cut."""

_TREES: Final = ("inputs", "output", "attributes", "otel_dump")


class Truncate(Processor):
    """The processor. `keys`: only these attributes, or inputs and output where they are named."""

    def __init__(self, name: str, settings: TruncateSettings) -> None:
        self.name = name
        self._most = int(settings.max_value_bytes)
        self._keys = frozenset(settings.keys)

    def resource(self, view: ResourceView) -> Fate | None:
        """`Processor.resource`."""
        if not self._keys:
            change_pairs(view.message.resource.attributes, self._cut)
        return None

    def span(self, view: SpanView) -> Fate | None:
        """`Processor.span`."""
        message = view.message
        count = self._cut_in(message.attributes)
        if not self._keys:
            count += sum(change_pairs(event.attributes, self._cut) for event in message.events)
            count += sum(change_pairs(link.attributes, self._cut) for link in message.links)
        if count:
            view.attributes.set(TRUNCATED, count)
        return None

    def log(self, view: LogView) -> Fate | None:
        """`Processor.log`."""
        message = view.message
        count = self._cut_in(message.attributes)
        if not self._keys:
            count += change_value(message.body, self._cut)
        if count:
            view.attributes.set(TRUNCATED, count)
        return None

    def call(self, view: CallView) -> Fate | None:
        """`Processor.call`."""
        total = 0
        for name in _TREES:
            tree, count = view.tree(name), [0]
            if tree is None:
                continue
            new = self._changed(name, tree, count)
            if count[0]:
                view.put(name, new)
            total += count[0]
        if total and view.attributes is not None:
            view.attributes.set(TRUNCATED, total)
        return None

    def _cut_in(self, attributes: Any) -> int:
        """Cut the attributes that are meant; return how many values changed."""
        if not self._keys:
            return change_pairs(attributes, self._cut)
        return sum(change_value(pair.value, self._cut) for pair in attributes if pair.key in self._keys)

    def _changed(self, name: str, tree: Any, count: list[int]) -> Any:
        if not self._keys or name in self._keys:
            return changed_tree(tree, self._cut, count)
        if isinstance(tree, dict) and name != "otel_dump":
            for key in self._keys & tree.keys():
                tree[key] = changed_tree(tree[key], self._cut, count)
        return tree

    def _cut(self, value: Any) -> Any:
        most = self._most
        if not isinstance(value, str) or len(value) <= most >> 2:
            return value  # four bytes a character at most
        raw = value.encode(errors="surrogatepass")
        if len(raw) <= most:
            return value
        mark = f"… [cut by otel-bridge: {len(raw):,} bytes]"
        room = max(0, most - len(mark.encode()))
        return raw[:room].decode(errors="ignore") + mark
