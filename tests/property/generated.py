"""Makes calls, feedback and expressions from a source of chance: few values, so that many of them meet."""

from __future__ import annotations

import random

import orjson

from otel_bridge.model import query as q
from otel_bridge.model.annex import Feedback, KeepFeedback
from otel_bridge.model.call import CompletedCall, EndedCall, StartedCall
from otel_bridge.query.fields import field_of
from tests.contract.store.records import PROJECT, T0, call_id, trace_id

TEXTS = (
    "", "a", "A", "ab", "5", "5.0", "0.5", "-7", "1e3", "007", " 5", "5 ", "+5", "-", "true", "false", "null",
    "é", "É", "straße", "STRASSE", "\x00", "5\x00", "a\x00b", "a\nb", 'say "hi"', "back\\slash", "100%",
    "a_b", "*", "[x]", "?", "{}", "[]", '{"x":5}', "\u017f", "\u212a", "k", "1e999", "9223372036854775808",
    "\u2028", "9223372036854775807", "weave:///e/p/op/chat:v1", "'; DROP TABLE calls; --", "1.0", "-0",
    "\U0001f600", "0", "5" * 500, "548170913.103027284164", "chat", "success", "1500", "2026-01-02",
    "\ud7ff\ue000",
)  # fmt: skip
NUMBERS = (
    0, 1, 2, 5, -7, 10, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 2**64 - 1, 5.0, 0.5, -0.0, 1e16, 1e15, 1e300,
    2.5, 9.3e18, 1e-7, 1000.0, 1500, 0.1, 1e21, 123456789.125, 5e-324,
)  # fmt: skip
KEYS = ("x", "y", "a.b", 'q"', "é", "\\", "weave", "0", "nul\x00")
STEPS = ("x", "x", "y", r"a\.b", 'q"', "é", "0", "1")
OP_NAMES = ("chat", "Chat é", "5", "weave:///e/p/op/chat:v1", "weave:///e/p/op/:v1", "weave:///x", "a\x00b")
KINDS = ("wandb.note.1", "wandb.reaction.1", "wandb.runnable.judge", "custom")
MOMENTS = (
    "2026-01-02T03:04:05.006Z", "2026-01-02", "2026-01-02T03:04:06+02:00", T0 // 10**6, T0 / 10**6, 1e300, -5,
    "2026-01-02T03:09:00Z", "2026-01-02T03:12:00Z", "2026-01-02T03:04:05.006001Z",
)  # fmt: skip
PLACES = (
    "inputs.x",
    "inputs.y",
    "attributes.x",
    "output.x",
    "output",
    "summary.x",
    "inputs",
    "attributes.x.y",
    "attributes.otel_span.x",
)
OFF = (T0, 301_000_000, -86_401_000_000, 1 - T0)
"""How far clocks are off that are ahead, behind, or were never set."""
LISTINGS = tuple((q.SortBy("listed_at", way), q.SortBy("started_at", way)) for way in ("desc", "desc", "asc"))
COLUMNS = tuple(sorted(q.SORTABLE - {"project_id"}))
DERIVED = tuple(f"summary.weave.{name}" for name in ("status", "latency_ms", "trace_name"))
FEEDBACK = ("payload", "payload.note", "payload.output", "payload.output.x", "runnable_ref", "trigger_ref")
CONVERSIONS = ("double", "string", "int", "bool", "exists")


class Maker:
    """Makes things; what is stored once is likely to be asked for."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.scalars = [self._scalar() for _ in range(4)]

    def _scalar(self):
        kind = self.chance.random()
        if kind < 0.5:
            return self.chance.choice(TEXTS)
        if kind < 0.85:
            return self.chance.choice(NUMBERS)
        return self.chance.choice((True, False, None))

    def scalar(self):
        return self.chance.choice(self.scalars) if self.chance.random() < 0.6 else self._scalar()

    def value(self, depth: int = 0):
        kind = self.chance.random()
        if kind < 0.75 or depth > 1:
            return self.scalar()
        if kind < 0.87:
            return [self.value(depth + 1) for _ in range(self.chance.randrange(3))]
        return self.tree(depth + 1)

    def tree(self, depth: int = 0) -> dict:
        keys = {"x", self.chance.choice(KEYS)} if self.chance.random() < 0.8 else set()
        return {key: self.value(depth) for key in sorted(keys)}

    def text(self):
        return self.chance.choice((None, "", "a", "É", self.chance.choice(TEXTS)))

    def call(self, number: int):
        chance = self.chance
        started_at = T0 + chance.choice((0, 0, 1, 1500, 999_999, -2_000_000, *OFF))
        start = StartedCall(
            project_id=PROJECT,
            id=chance.choice((call_id(number), f"call-{number}")),
            trace_id=trace_id(chance.choice((1, 2))),
            op_name=chance.choice(OP_NAMES),
            started_at=started_at,
            attributes=orjson.dumps(self.tree()),
            inputs=orjson.dumps(self.tree()),
            parent_id=chance.choice((None, call_id(1))),
            display_name=self.text(),
            thread_id=self.text(),
            wb_run_step=chance.choice((None, 0, 5)),
            otel_dump=chance.choice((None, None, orjson.dumps(self.tree()))),
        )
        if chance.random() < 0.2:
            return start
        summary = {key: value for key, value in self.tree().items() if key != "weave"}
        if chance.random() < 0.3:
            summary["status_counts"] = {"error": chance.choice((0, 2))}
        end = EndedCall(
            project_id=PROJECT,
            id=start.id,
            ended_at=started_at + chance.choice((0, 1, 999, 1000, 1_500_000, -1, -1500)),
            summary=orjson.dumps(summary),
            output=None if chance.random() < 0.2 else orjson.dumps(self.value()),
            exception=self.text(),
        )
        return CompletedCall(start, end)

    def feedback(self, calls: int, *, most: int = 7) -> KeepFeedback:
        rows = []
        for place in range(self.chance.randrange(most + 1)):
            members = {
                "payload": {"note": self.value(), "output": self.value()},
                "runnable_ref": self.text(),
                "trigger_ref": self.text(),
            }
            rows.append(
                Feedback(
                    project_id=PROJECT,
                    id=f"f{place}",
                    weave_ref=f"weave:///{PROJECT}/call/{call_id(self.chance.randint(1, calls))}"
                    + self.chance.choice(("", "", "", "", "/attr/x")),
                    feedback_type=self.chance.choice(KINDS),
                    members=orjson.dumps(members),
                )
            )
        return KeepFeedback(rows=tuple(rows))

    def name(self) -> str:
        kind = self.chance.random()
        if kind < 0.5:
            return self.chance.choice(PLACES)
        if kind < 0.6:
            root = self.chance.choice(("inputs", "attributes", "output", "summary.x"))
            return root + "".join(f".{self.chance.choice(STEPS)}" for _ in range(self.chance.randint(1, 2)))
        if kind < 0.8:
            return self.chance.choice(COLUMNS)
        if kind < 0.9:
            return self.chance.choice(DERIVED)
        return self.score()

    def score(self) -> str:
        return f"feedback.[{self.chance.choice((*KINDS, '*'))}].{self.chance.choice(FEEDBACK)}"

    def operand(self) -> q.Operand:
        kind = self.chance.random()
        if kind < 0.8:
            return q.GetField(field_of(self.name()))
        if kind < 0.9:
            return q.Convert(q.GetField(field_of(self.name())), self.chance.choice(CONVERSIONS))
        return self.operation(3) if kind < 0.93 else q.Literal(self.scalar())

    def beside(self, operand: q.Operand) -> q.Operand:
        """Make what `operand` is compared with; few texts can be read as a moment."""
        if _is_moment(operand):
            return q.Literal(self.chance.choice(MOMENTS))
        kind = self.chance.random()
        if isinstance(operand, q.GetField) and isinstance(operand.field, q.Derived) and kind < 0.6:
            return q.Literal(self.chance.choice(("success", "error", "running", "chat", 0, 1, -1, 1500, 0.5)))
        if kind < 0.85:
            return q.Literal(self.scalar())
        other = self.operand()
        return self.beside(operand) if _is_moment(other) else other

    def operation(self, depth: int = 0) -> q.Operation:
        kind = self.chance.random()
        if depth < 2 and kind < 0.1:
            return q.Not(self.operation(depth + 1))
        if depth < 2 and kind < 0.25:
            parts = tuple(self.operation(depth + 1) for _ in range(self.chance.randint(1, 3)))
            return self.chance.choice((q.And, q.Or))(parts)
        operand = self.operand()
        if kind < 0.7:
            op = self.chance.choice(("eq", "eq", "gt", "gte", "lt", "lte"))
            sides = (operand, self.beside(operand))
            return q.Compare(op, *(sides if self.chance.random() < 0.8 else reversed(sides)))
        if kind < 0.85:
            return q.In(operand, tuple(self.beside(operand) for _ in range(self.chance.randrange(4))))
        part = self.chance.choice((self.scalar(), "a", "x", "5", "e", "É", "ss", '"', "\\", "\n", "", "t"))
        return q.Contains(operand, q.Literal(part), self.chance.random() < 0.4)

    def sort_by(self) -> tuple[q.SortBy, ...] | None:
        if self.chance.random() < 0.4:
            return self.chance.choice((None, (q.SortBy("started_at", "desc"),), *LISTINGS))
        count = self.chance.randint(1, 3)
        return tuple(q.SortBy(self.name(), self.chance.choice(("asc", "desc"))) for _ in range(count))


class ScoresOnly(Maker):
    """Asks for feedback and nothing else."""

    def name(self) -> str:
        return self.score()


def _is_moment(operand: q.Operand) -> bool:
    match operand:
        case q.GetField(field=q.Column(name=name)):
            return name.endswith("_at")
        case _:
            return False
