"""One look at everything that a span says: most have nothing to hide, and need no look at each value.

What is looked at is what `redaction` would look at value by value. A look that finds nothing is right; one
that finds something may be wrong, then each value is looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from otel_bridge.patterns import union_of_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    JudgesKey = Callable[[str], bool]


MAX_CHARACTERS: Final = 1 << 20
"""Of a span; what says more is looked at value by value, without a copy of all of it."""


class Glance:
    """Looks for all patterns at once. `all_types`: at numbers too, as they are written in decimal digits.

    `tells`: whether the key of an attribute has a say in what becomes of it; None: no key has.
    `tells_inside`: the same of keys of maps inside values, `tells_text`: of keys of JSON in a text.
    """

    def __init__(
        self,
        patterns: Iterable[str],
        *,
        all_types: bool,
        tells: JudgesKey | None,
        tells_inside: JudgesKey | None,
        tells_text: JudgesKey | None,
    ) -> None:
        every = list(patterns)
        self._any = union_of_lines(every)
        self._is_of_use = not every or self._any is not None
        self._all_types = all_types
        self._tells = tells
        self._tells_inside = tells_inside
        self._tells_text = tells_text

    def finds_nothing(self, span: Any) -> bool:
        """Tell whether nothing of an OTLP `Span` is to be hidden. False does not mean that something is."""
        if not self._is_of_use:
            return False
        texts = [span.name, span.trace_state, span.status.message]
        for event in span.events:
            texts.append(event.name)
            if not self._gather(event.attributes, texts):
                return False
        for link in span.links:
            texts.append(link.trace_state)
            if not self._gather(link.attributes, texts):
                return False
        if not self._gather(span.attributes, texts):
            return False
        if sum(map(len, texts)) > MAX_CHARACTERS:
            return False
        return self._any is None or self._any.search("\n".join(texts)) is None

    def _gather(self, pairs: Any, texts: list[str]) -> bool:
        """Add the texts of attributes; False when a key has a say."""
        tells = self._tells
        for pair in pairs:
            if tells is not None and tells(pair.key):
                return False
            value = pair.value
            text = value.string_value
            if text:
                if not self._read(text, texts):
                    return False
            elif not self._look(value, texts):
                return False
        return True

    def _look(self, value: Any, texts: list[str]) -> bool:
        """Add what an `AnyValue` says; False when a key in it has a say."""
        match value.WhichOneof("value"):
            case "string_value":
                return self._read(value.string_value, texts)
            case "int_value" | "double_value" as kind:
                if self._all_types:
                    texts.append(str(getattr(value, kind)))
            case "bytes_value":
                return self._read(value.bytes_value.decode(errors="replace"), texts)
            case "array_value":
                return all(self._look(item, texts) for item in value.array_value.values)
            case "kvlist_value":
                return self._look_into(value.kvlist_value.values, texts)
            case _:
                pass
        return True

    def _read(self, text: str, texts: list[str]) -> bool:
        texts.append(text)
        return self._tells_text is None or not self._tells_text(text)

    def _look_into(self, pairs: Any, texts: list[str]) -> bool:
        for pair in pairs:
            if self._tells_inside is not None and self._tells_inside(pair.key):
                return False
            if not self._look(pair.value, texts):
                return False
        return True
