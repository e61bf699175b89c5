"""The rows of the table of endpoints (`api.routes`) about scoring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from otel_bridge.api.answers import json_answer
from otel_bridge.api.parts import PARTS, QUERY_LIMITS, WRITE_LIMITS, Parts
from otel_bridge.api.scoped import parts_of
from otel_bridge.api.scoring import asking, leasing, telling
from otel_bridge.api.scoring.bodies import CallsScoreReq, ScoreOptions, ScorersQuery, ScoringStatusQuery
from otel_bridge.api.scoring.messages import EnqueueReq, LeaseReq, RenewReq, SettleReq, decoded
from otel_bridge.auth.principal import Need
from otel_bridge.errors import NotBuilt
from otel_bridge.http.body import read_body
from otel_bridge.http.route import About, Kind, Route
from otel_bridge.weave.checked import checked, errors_at, parse
from otel_bridge.weave.ids import new_id
from otel_bridge.weave.refusals import unprocessable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web
    from msgspec import Struct

    from otel_bridge.api.scoring.desk import ScoringDesk
    from otel_bridge.http.body import BodyLimits

SCORES: Final = "Scores"
JOB_ID: Final = "X-Scoring-Job-Id"

QueryT = TypeVar("QueryT", bound=BaseModel)


async def calls_score(request: web.Request) -> web.Response:
    """Queue scoring jobs; the header of the answer names the request, for `/calls/score/status`."""
    options = _query(request, ScoreOptions)
    asked = checked(CallsScoreReq, parse(await _body(request, QUERY_LIMITS)))
    job_id = new_id()
    await asking.calls_score(*_desk(request), asked, job_id, again=options.again)
    return json_answer(200, b"{}", {JOB_ID: job_id})


async def lease(request: web.Request) -> web.Response:
    """Lend tasks to a worker."""
    asked = decoded(LeaseReq, await _body(request, WRITE_LIMITS))
    return json_answer(200, await leasing.lease(*_desk(request), asked, lambda: _is_gone(request)))


def _taking(
    path: str,
    kind: type[Any],
    endpoint: Callable[[Parts, ScoringDesk, Any], Awaitable[bytes]],
    about: About,
) -> Route:
    """Route what a worker says to `endpoint`."""

    async def handler(request: web.Request) -> web.Response:
        asked: Struct = decoded(kind, await _body(request, WRITE_LIMITS))
        return json_answer(200, await endpoint(*_desk(request), asked))

    return Route("POST", path, handler, about, Kind.WRITE, needs=Need.WORK)


def _asking(
    path: str,
    query: type[QueryT],
    endpoint: Callable[[Parts, ScoringDesk, QueryT], Awaitable[bytes]],
    about: About,
) -> Route:
    """Route a question that stands in the query of the URL to `endpoint`."""

    async def handler(request: web.Request) -> web.Response:
        asked = _query(request, query)
        return json_answer(200, await endpoint(*_desk(request), asked))

    return Route("GET", path, handler, about, Kind.ASK)


SCORE_ROUTES: Final = (
    Route(
        "POST",
        "/calls/score",
        calls_score,
        About(
            SCORES,
            "Queue scoring jobs",
            "CallsScoreReq",
            "CallsScoreRes",
            more=(
                "Results arrive later as feedback. A scorer may also be the plain name of a registered one."
                " What the same version of a scorer has scored is not scored twice, unless `again` says so."
            ),
            refuses=(404, 504),
            query="ScoreOptions",
            headers=((JOB_ID, "Names this request to `/calls/score/status`."),),
        ),
        Kind.WRITE,
        needs=Need.SCORE,
    ),
    _asking(
        "/calls/score/status",
        ScoringStatusQuery,
        telling.status,
        About(
            SCORES,
            "How scoring goes",
            None,
            "ScoringStatusRes",
            more="Tasks by state and by scorer, jobs, and the newest errors. Weave does not have this.",
            refuses=(404,),
            query="ScoringStatusQuery",
        ),
    ),
)
"""Mounted as Weave's routes are."""

WORKER_ROUTES: Final = (
    _asking(
        "/bridge/scorers",
        ScorersQuery,
        telling.scorers,
        About(SCORES, "List scorers", None, "ScorersRes", query="ScorersQuery"),
    ),
    Route(
        "POST",
        "/bridge/scoring/lease",
        lease,
        About(
            SCORES,
            "Take tasks to work on",
            "LeaseReq",
            "LeaseRes",
            more="For workers. Waits for tasks when there are none, as long as `wait_seconds` says.",
        ),
        Kind.WRITE,
        needs=Need.WORK,
    ),
    _taking(
        "/bridge/scoring/renew",
        RenewReq,
        leasing.renew,
        About(SCORES, "Keep tasks for longer", "RenewReq", "RenewRes", more="For workers."),
    ),
    _taking(
        "/bridge/scoring/settle",
        SettleReq,
        leasing.settle,
        About(
            SCORES,
            "Give back what became of tasks",
            "SettleReq",
            "SettleRes",
            more="For workers. An outcome that comes again, or too late, is ignored.",
        ),
    ),
    _taking(
        "/bridge/scoring/enqueue",
        EnqueueReq,
        leasing.enqueue,
        About(SCORES, "Queue what monitors ask for", "EnqueueReq", "EnqueueRes", more="For workers."),
    ),
)
"""At the root only."""

OF_WORKERS: Final = frozenset(
    {
        *(route.path for route in WORKER_ROUTES if route.needs is Need.WORK),
        "/refs/read_batch",
        "/calls/stream_query",
        "/objs/query",
        "/obj/read",
        "/obj/create",
    }
)
"""What the bridge's own workers ask: their tasks, the calls and objects these are about, and the scorers that
monitors publish."""


def _desk(request: web.Request) -> tuple[Parts, ScoringDesk]:
    parts = parts_of(request)
    if parts.scoring is None:
        raise NotBuilt("this bridge keeps no calls and scores none")
    return parts, parts.scoring


async def _body(request: web.Request, limits: BodyLimits) -> bytes:
    parts = request.app[PARTS]
    with parts.budget.claim() as claim:
        return await read_body(request, limits=limits, inflater=parts.inflater, claim=claim)


def _query(request: web.Request, model: type[QueryT]) -> QueryT:
    """Read the query of the URL; raise WriteRefused (422)."""
    try:
        return model.model_validate(dict(request.query))
    except ValidationError as error:
        raise unprocessable(errors_at(("query",), error)) from None


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()
