"""Feedback on calls as the reference meaning of an expression sees it (`query.evaluate.Remark`)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import orjson
from msgspec import Struct

from otel_bridge.query.fields import ANY_TYPE
from otel_bridge.query.refs import call_ref

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otel_bridge.query.evaluate import Remark
    from otel_bridge.store.annex.base import AnnexRows
    from otel_bridge.store.seen import Remarks


class KeptRemark(Struct, frozen=True):
    """An entry of feedback."""

    payload: Any
    runnable_ref: str | None
    trigger_ref: str | None


def remarks_on(annex: AnnexRows, project_id: str, call_ids: Sequence[str]) -> Remarks:
    """Look up all feedback on these calls at once."""
    kept: defaultdict[tuple[str, str], list[KeptRemark]] = defaultdict(list)
    rows = annex.feedback(project_id, refs=[call_ref(project_id, call_id) for call_id in call_ids])
    for row in reversed(list(rows)):
        members = orjson.loads(row.members)
        remark = KeptRemark(members.get("payload"), members.get("runnable_ref"), members.get("trigger_ref"))
        for kind in (row.feedback_type, ANY_TYPE):
            kept[row.weave_ref, kind].append(remark)

    def of(call_id: str, kind: str) -> Sequence[Remark]:
        return kept.get((call_ref(project_id, call_id), kind), ())

    return of
