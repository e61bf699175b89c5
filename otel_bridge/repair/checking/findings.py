"""What a check found, and how it is collected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Iterable

EXAMPLES: Final = 5
"""So many of what is wrong are named."""

Severity: TypeAlias = Literal["error", "note"]
Repair: TypeAlias = Literal["reindex", "task_counts"]
"""What `--repair` may do: everything of it can be made from what is there."""

RESTORE: Final = "restore a backup (otel-bridge restore)"
REINDEX: Final = "stop the bridge and run otel-bridge check --repair, which makes indexes anew"
RETRANSLATE: Final = "the rest of the call is there; erase or delete the call, or " + RESTORE


class Rule(Struct, frozen=True, kw_only=True):
    """Something that must hold. `what` follows a number: "calls have no body"."""

    what: str
    fix: str
    severity: Severity = "error"
    repair: Repair | None = None


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What does not hold in the file `where`; `examples` name some of the `count`."""

    where: str
    what: str
    fix: str
    severity: Severity = "error"
    count: int = 1
    examples: tuple[str, ...] = ()
    repair: Repair | None = None


class Report(Struct, kw_only=True):
    """All of a check. `beside_bridge`: a bridge ran meanwhile; `skipped`: what was not looked at, and why."""

    beside_bridge: bool
    quick: bool
    counts: dict[str, int | dict[str, int]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def errors(self) -> int:
        """How many findings are more than a note."""
        return sum(finding.severity == "error" for finding in self.findings)

    def add(self, where: str, rule: Rule, count: int, examples: Iterable[str] = ()) -> None:
        """Add what was found against a rule; nothing for no count."""
        if count:
            self.findings.append(
                Finding(
                    where=where,
                    what=f"{count:,} {rule.what}",
                    fix=rule.fix,
                    severity=rule.severity,
                    count=count,
                    examples=tuple(examples)[:EXAMPLES],
                    repair=rule.repair,
                )
            )

    def say(self, where: str, what: str, fix: str, *, severity: Severity = "error") -> None:
        """Add what no rule is about."""
        self.findings.append(Finding(where=where, what=what, fix=fix, severity=severity))


class Tally:
    """How much was found against each rule while rows are walked through."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[Rule, int, list[str]]] = {}

    def add(self, rule: Rule, examples: list[str]) -> None:
        """Take what some rows broke."""
        if examples:
            _, count, kept = self._found.get(rule.what, (rule, 0, []))
            self._found[rule.what] = (rule, count + len(examples), (kept + examples)[:EXAMPLES])

    def into(self, report: Report, where: str) -> None:
        """Add everything to a report."""
        for rule, count, examples in self._found.values():
            report.add(where, rule, count, examples)
