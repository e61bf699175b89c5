"""A day in the life of a small team: what the screenshots show, and what tests look at.

The same numbers give the same calls; only the clock moves. `python -m tests.browser.screenshots` takes the
pictures of the docs of it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from tests.browser.spans import a_span, failed, json_of, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

HOUR = 3600.0
STACK = """Traceback (most recent call last):
  File "shop/payments.py", line 88, in charge
    answer = self.gateway.post("/charges", amount=amount, token=token)
  File "shop/gateway.py", line 41, in post
    raise GatewayTimeout(f"no answer from {self.host} after {self.seconds:g} s")
shop.gateway.GatewayTimeout: no answer from payments after 3 s
"""
DIALOGS = (
    (
        "Where is my order 4711?",
        "Your order 4711 left Basel this morning and arrives tomorrow before noon.",
        "Can it go to my office instead?",
        "Yes. I changed the address to Rue du Rhône 8, Genève. The date stays.",
        "Great, thank you! 🎉",
        "You are welcome. Is there anything else?",
    ),
    (
        "I was charged twice for the same kettle.",
        "I see both charges. The second one was never captured; it is gone in three days.",
        "How can I be sure?",
        "Here is what the bank told us:\n\n```\n10:02  captured   49.00\n10:03  released   49.00\n```",
    ),
    (
        "هل يمكنني إرجاع الحذاء بعد أسبوعين؟",
        "نعم، يمكنك إرجاعه خلال ثلاثين يومًا إذا لم يُستعمل.",
        "وكم تكلفة الإرجاع؟",
        "الإرجاع مجاني، وسنرسل لك ملصق الشحن بالبريد الإلكتروني.",
    ),
    (
        "Which of the two tents is better in rain?",
        "The Alpina 2: its floor holds a water column of 10,000 mm, the Säntis only 3,000 mm.",
    ),
)
"""Questions and answers in turn."""

SYSTEM = "You are the support agent of a shop for outdoor gear. Be brief. Look orders up first."
DOCS = (
    ("How do I rotate the signing keys?", "Run `keys rotate`, wait, then `keys retire OLD`."),
    (
        "How do I rotate the keys of one region?",
        "Run `keys rotate --region R`, wait, then `keys retire OLD`.",
    ),
    ("Why is the nightly export empty on Sundays?", "It reads the day before, when shops are closed."),
    ("What does error E-2041 mean?", "The token is one of another environment. Check `AUTH_AUDIENCE`."),
)


@dataclass
class Day:
    """Spans of one day that ends at `end` (seconds since the epoch)."""

    end: float
    dice: random.Random = field(default_factory=lambda: random.Random(6345))
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    spans: list[Span] = field(default_factory=list)
    trace: int = 0

    def begin(self) -> None:
        self.trace += 1

    def add(self, name: str, at: float, lasts: float, parent: int | None = None, **attributes: Any) -> int:
        number = next(self.numbers)
        self.spans.append(
            a_span(name, trace=self.trace, number=number, parent=parent, at=at, lasts=lasts, **attributes)
        )
        return number

    def chat(
        self,
        model: str,
        at: float,
        lasts: float,
        parent: int | None,
        asked: list[Any],
        said: Any,
        **attributes: Any,
    ) -> int:
        """One answer of a model; its tokens follow the length of what was said."""
        tokens = {
            "gen_ai__usage__input_tokens": 180 + len(json_of(asked)) // 4,
            "gen_ai__usage__output_tokens": 12 + len(json_of(said)) // 4,
        }
        provider = "anthropic" if model.startswith("claude") else "openai"
        return self.add(
            f"chat {model}", at, lasts, parent,
            gen_ai__operation__name="chat", gen_ai__provider__name=provider, gen_ai__request__model=model,
            gen_ai__response__model=model, gen_ai__request__temperature=0.2,
            gen_ai__response__finish_reasons=[said.get("finish_reason", "stop")],
            gen_ai__input__messages=json_of(asked), gen_ai__output__messages=json_of([said]),
            **tokens, **attributes,
        )  # fmt: skip

    def fail(self, *numbers: int) -> None:
        """Let spans end with an exception."""
        for number in numbers:
            message = "no answer from payments after 3 s"
            failed(self.spans[number - 1], "shop.gateway.GatewayTimeout", message, STACK)


def support(day: Day, at: float) -> None:
    """A conversation with an agent: one trace a turn, one thread for all."""
    thread, dialog = f"support-{1040 + day.trace}", day.dice.choice(DIALOGS)
    history = [text("system", SYSTEM)]
    for question, answer in zip(dialog[::2], dialog[1::2], strict=True):
        _turn(day, at, thread, history, question, answer)
        at += day.dice.uniform(25, 140)
        history += [text("user", question), text("assistant", answer)]


def _turn(day: Day, at: float, thread: str, history: list[Any], question: str, answer: str) -> None:
    day.begin()
    first, tool, last = (day.dice.uniform(*span) for span in ((0.5, 1.4), (0.05, 0.4), (0.9, 3.2)))
    asked = [*history, text("user", question)]
    wanted = {
        "type": "tool_call",
        "id": f"call_{day.trace}",
        "name": "lookup_order",
        "arguments": {"order": "4711"},
    }
    found = {
        "order": "4711",
        "state": "shipped",
        "items": 2,
        "carrier": {"name": "Post", "eta": "tomorrow 11:40"},
    }
    session = {"gen_ai__conversation__id": thread}
    root = day.add(
        "invoke_agent support", at, first + tool + last + 0.02, None,
        gen_ai__operation__name="invoke_agent", gen_ai__agent__name="support",
        gen_ai__input__messages=json_of([text("user", question)]),
        gen_ai__output__messages=json_of([text("assistant", answer)]), **session,
    )  # fmt: skip
    calling = {"role": "assistant", "parts": [wanted], "finish_reason": "tool_calls"}
    day.chat("gpt-4.1-mini", at + 0.01, first, root, asked, calling, **session)
    day.add(
        "execute_tool lookup_order", at + 0.01 + first, tool, root,
        gen_ai__operation__name="execute_tool", gen_ai__tool__name="lookup_order",
        gen_ai__tool__call__arguments=json_of(wanted["arguments"]), gen_ai__tool__call__result=json_of(found),
        **session,
    )  # fmt: skip
    result = {
        "role": "tool",
        "parts": [{"type": "tool_call_response", "id": wanted["id"], "response": found}],
    }
    said = text("assistant", answer, finish_reason="stop")
    day.chat("gpt-4.1", at + 0.015 + first + tool, last, root, [*asked, calling, result], said, **session)


def documents(day: Day, at: float) -> None:
    """A question to the documentation: embedding, search, ranking, answer."""
    day.begin()
    question, answer = day.dice.choice(DOCS)
    lasts = day.dice.uniform(1.5, 5)
    root = day.add("answer from docs", at, lasts + 0.4, None, input__value=question, output__value=answer,
                   openinference__span__kind="CHAIN")  # fmt: skip
    day.add("embed question", at + 0.005, 0.06, root, openinference__span__kind="EMBEDDING",
            embedding__model_name="text-embedding-3-small", input__value=question,
            llm__model_name="text-embedding-3-small", llm__token_count__prompt=11)  # fmt: skip
    pages = json_of([{"page": "operations", "score": 0.83}, {"page": "errors", "score": 0.61}])
    search = day.add("search index", at + 0.07, 0.2, root, openinference__span__kind="RETRIEVER",
                     input__value=question, output__value=pages)  # fmt: skip
    for shard in range(4):
        day.add(
            f"shard {shard}",
            at + 0.075 + 0.01 * shard,
            day.dice.uniform(0.03, 0.15),
            search,
            db__system="lucene",
        )
    asked = [text("system", "Answer from the given pages only."), text("user", question)]
    day.chat(
        "claude-sonnet-4-5", at + 0.3, lasts, root, asked, text("assistant", answer, finish_reason="stop")
    )


def order(day: Day, at: float) -> None:
    """A plain web request with its queries; one in nine fails at the payment."""
    day.begin()
    fails = day.dice.random() < 1 / 9
    pay = 3.0 if fails else day.dice.uniform(0.1, 0.6)
    root = day.add("POST /v1/orders", at, pay + 0.09, None, http__request__method="POST",
                   url__path="/v1/orders", http__response__status_code=504 if fails else 201)  # fmt: skip
    day.add("SELECT carts", at + 0.004, 0.012, root, db__system__name="postgresql",
            db__query__text="SELECT * FROM carts WHERE id = $1")  # fmt: skip
    day.add("reserve stock", at + 0.02, 0.03, root, rpc__system="grpc", rpc__method="Reserve")
    charge = day.add("charge card", at + 0.055, pay, root, peer__service="payments")
    if fails:
        day.fail(root, charge)
    else:
        day.add("INSERT orders", at + 0.06 + pay, 0.02, root, db__system__name="postgresql")
        day.add("publish order.created", at + 0.062 + pay, 0.004, charge, messaging__system="kafka")


KINDS: tuple[tuple[Callable[[Day, float], None], int], ...] = ((support, 3), (documents, 4), (order, 6))


def a_day(end: float, *, traces: int = 160) -> list[Span]:
    """The spans of a day: quiet at night, busy before the end."""
    day = Day(end)
    bag = [kind for kind, weight in KINDS for _ in range(weight)]
    moments = sorted(end - 24 * HOUR * day.dice.random() ** 1.6 - 60 for _ in range(traces))
    for at in moments:
        day.dice.choice(bag)(day, at)
    return [span for span in day.spans if span.end_time_unix_nano <= end * 1e9]
