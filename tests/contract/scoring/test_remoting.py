"""Remote scorers are asked once, by Weave's schema; whatever is no verdict is a failed run."""

from __future__ import annotations

import socket
from http import HTTPStatus

import orjson
import pytest
from aiohttp import web
from yarl import URL

from otel_bridge.scorer.base import ScorerFailed
from otel_bridge.scorer.catalogue import registered, spec_of_object
from otel_bridge.scorer.remote import MAX_BODY_BYTES
from otel_bridge.scoring.outgoing import open_outgoing
from otel_bridge.scoring.remoting import score
from tests.contract.scoring.conftest import CALL, LINE, TASK, settings, spec_of

TOKEN = "remote-token-1"
GOOD = orjson.dumps({"schema_version": 1, "result": {"value": 0.9, "reason": "short"}})
STATUSES = [204, 301, 302, 307, 308, 400, 401, 403, 404, 408, 409, 413, 429, 500, 502, 503]


def remote(url, **more):
    scorer = {"type": "remote", "endpoint": url, "config": {"threshold": 0.5}, **more}
    host = url.split("/")[2]
    return settings({"mine": scorer}, secrets={"TOKEN": {"value": TOKEN, "hosts": [host]}})


async def test_a_call_is_sent_by_the_documented_schema_with_a_token_and_a_stable_key(answering, asking):
    url, requests = await answering(body=GOOD, content_type="application/json")
    scoring = remote(url, secret="TOKEN")
    verdict = await asking(score, scoring, spec_of(scoring))
    assert orjson.loads(bytes(verdict.output)) == {"value": 0.9, "reason": "short"}
    ((path, headers, body),) = requests
    assert path == "/score"
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["Content-Type"] == "application/json"
    assert headers["Idempotency-Key"] == TASK.feedback_id
    assert headers["X-Correlation-ID"] == TASK.run_id
    assert headers["X-Weave-Schema-Version"] == "1"
    sent = orjson.loads(body)
    assert sent["scorer"] == {"name": "mine", "ref": TASK.scorer_ref, "config": {"threshold": 0.5}}
    assert sent["original_call"]["output"] == CALL["output"]


async def test_its_run_tells_what_was_judged(answering, asking):
    url, _ = await answering(body=GOOD)
    scoring = remote(url)
    verdict = await asking(score, scoring, spec_of(scoring))
    assert orjson.loads(bytes(verdict.inputs)) == {"inputs": CALL["inputs"], "output": CALL["output"]}
    assert verdict.usage is None


@pytest.mark.parametrize("status", STATUSES)
async def test_every_answer_but_200_is_final_and_no_redirect_is_followed(answering, asking, status):
    headers = {"Location": "/elsewhere", "Retry-After": "1"}
    body = b"" if status == HTTPStatus.NO_CONTENT else b'{"detail": "not\\n today"}'
    url, requests = await answering(status=status, body=body, headers=headers)
    scoring = remote(url)
    said = f"{status}" if status == HTTPStatus.NO_CONTENT else f"{status}: not today"
    with pytest.raises(ScorerFailed, match=f"^the remote scorer answered {said}$"):
        await asking(score, scoring, spec_of(scoring))
    assert [path for path, _, _ in requests] == ["/score"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "did not answer with JSON"),
        (b"ok", "did not answer with JSON: 'ok'"),
        (
            b'{"schema_version": 1, "result": {"value": 2}}',
            "result.value must be a tag or a number from 0 to 1",
        ),
        (b'{"schema_version": 1, "result": {"value"', "did not answer with JSON"),
        (b" " * MAX_BODY_BYTES + GOOD, f"the answer is larger than {MAX_BODY_BYTES} bytes"),
    ],
    ids=["empty", "text", "out of range", "cut", "huge"],
)
async def test_an_answer_that_is_no_verdict_says_why(answering, asking, body, named):
    url, requests = await answering(body=body)
    scoring = remote(url)
    with pytest.raises(ScorerFailed) as failed:
        await asking(score, scoring, spec_of(scoring))
    assert named in str(failed.value)
    assert len(requests) == 1


async def test_a_call_over_the_limit_is_not_sent(answering, asking):
    url, requests = await answering(body=GOOD)
    scoring = remote(url)
    line = orjson.dumps({**CALL, "output": "x" * MAX_BODY_BYTES})
    with pytest.raises(ScorerFailed, match="the call is too large"):
        await asking(score, scoring, spec_of(scoring), line=line)
    assert requests == []


async def test_a_service_that_hangs_or_is_not_there_is_not_asked_again(aiohttp_server, asking):
    times = []

    async def hang(request):
        times.append(request.path)
        await request.read()
        request.transport.abort()
        return web.Response()

    app = web.Application()
    app.router.add_post("/score", hang)
    server = await aiohttp_server(app)
    with socket.create_server(("127.0.0.1", 0)) as free:
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}/score"
    for url in (str(server.make_url("/score")), nowhere):
        scoring = remote(url)
        with pytest.raises(ScorerFailed, match="the remote scorer cannot be asked: "):
            await asking(score, scoring, spec_of(scoring))
    assert times == ["/score"]


async def test_a_service_that_says_nothing_is_left_when_the_time_is_over(asking):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        scoring = remote(f"http://127.0.0.1:{silent.getsockname()[1]}/score", limits={"timeout": "300ms"})
        with pytest.raises(ScorerFailed, match=r"cannot be asked: no answer within 0\.3 s"):
            await asking(score, scoring, spec_of(scoring))


async def test_a_token_that_a_service_repeats_is_told_to_nobody(answering, asking):
    url, _ = await answering(status=403, body=f'{{"error": "no right for {TOKEN}"}}'.encode())
    scoring = remote(url, secret="TOKEN")
    with pytest.raises(ScorerFailed) as failed:
        await asking(score, scoring, spec_of(scoring))
    assert str(failed.value) == "the remote scorer answered 403: no right for ***"


class TestPublished:
    def published(self, url, **more):
        return {
            "_type": "RemoteScorer",
            "_class_name": "RemoteScorer",
            "_bases": ["Scorer", "Object", "BaseModel"],
            "name": "mine",
            "endpoint_url": url,
            **more,
        }

    def spec(self, url, scoring, **more):
        return spec_of_object(TASK.scorer_ref, self.published(url, **more), registered(scoring))

    async def test_one_is_asked_when_its_host_is_allowed(self, answering, asking):
        url, requests = await answering(body=GOOD)
        scoring = settings({}, remote_hosts=[url.split("/")[2]])
        await asking(score, scoring, self.spec(url, scoring))
        assert len(requests) == 1

    async def test_one_is_not_asked_when_its_host_is_not(self, answering, asking):
        url, requests = await answering(body=GOOD)
        scoring = settings({}, remote_hosts=["localhost"])
        with pytest.raises(ScorerFailed, match=r"is not in scoring\.remote_hosts"):
            await asking(score, scoring, self.spec(url, scoring))
        assert requests == []

    async def test_a_secret_of_another_host_is_not_sent(self, answering, asking):
        url, requests = await answering(body=GOOD)
        secrets = {"TOKEN": {"value": TOKEN, "hosts": ["scoring.example.com"]}}
        scoring = settings({}, remote_hosts=[url.split("/")[2]], secrets=secrets)
        auth = {"mode": "static_bearer", "bearer_secret_name": "TOKEN"}
        with pytest.raises(ScorerFailed, match="the secret TOKEN is not for the host"):
            await asking(score, scoring, self.spec(url, scoring, auth_config=auth))
        assert requests == []


class TestClientCredentials:
    @pytest.fixture
    async def services(self, aiohttp_server):
        """A token endpoint and a scorer that takes its newest token only; `issued` counts tokens."""

        async def token(request):
            forms.append(dict(await request.post()))
            issued.append(f"access-token-{len(issued)}")
            return web.json_response({"access_token": issued[-1], "token_type": "Bearer", "expires_in": 3600})

        async def scorer(request):
            good = request.headers.get("Authorization") == f"Bearer {issued[-1]}"
            return web.Response(
                status=200 if good else 401, body=GOOD if good else request.headers["Authorization"]
            )

        issued, forms = [], []
        app = web.Application()
        app.router.add_post("/token", token)
        app.router.add_post("/score", scorer)
        server = await aiohttp_server(app)
        return server.make_url("/"), issued, forms

    def scoring(self, base, *hosts):
        at = f"{base.host}:{base.port}"
        secrets = {"CLIENT": {"value": "client-secret", "hosts": [at]}}
        return settings({}, remote_hosts=hosts or [at], secrets=secrets)

    def spec(self, base, scoring):
        auth = {
            "mode": "oauth_client_credentials",
            "token_endpoint_url": str(base / "token"),
            "client_id": "bridge",
            "client_secret_name": "CLIENT",
            "scope": "score:remote",
        }
        val = TestPublished().published(str(base / "score"), auth_config=auth)
        return spec_of_object(TASK.scorer_ref, val, registered(scoring))

    async def test_a_token_is_asked_for_once_and_used_while_it_lasts(self, services):
        base, issued, forms = services
        scoring = self.scoring(base)
        async with open_outgoing(scoring, {}) as outgoing:
            for _ in range(3):
                await score(self.spec(base, scoring), LINE, TASK, outgoing)
        assert len(issued) == 1
        assert forms == [
            {
                "grant_type": "client_credentials",
                "client_id": "bridge",
                "client_secret": "client-secret",
                "scope": "score:remote",
            }
        ]

    async def test_a_token_that_is_refused_is_not_used_again_nor_told(self, services):
        base, issued, _ = services
        scoring = self.scoring(base)
        async with open_outgoing(scoring, {}) as outgoing:
            await score(self.spec(base, scoring), LINE, TASK, outgoing)
            issued.append("revoked")
            with pytest.raises(ScorerFailed, match="answered 401") as failed:
                await score(self.spec(base, scoring), LINE, TASK, outgoing)
            assert "access-token" not in str(failed.value)
            await score(self.spec(base, scoring), LINE, TASK, outgoing)
        assert len(issued) == 3

    async def test_a_token_endpoint_that_is_not_allowed_gets_no_secret(self, services, asking):
        base, issued, _ = services
        scoring = self.scoring(base, "elsewhere.example.com")
        with pytest.raises(ScorerFailed, match=r"is not in scoring\.remote_hosts"):
            await asking(score, scoring, self.spec(base, scoring))
        assert issued == []

    @pytest.mark.parametrize(
        ("answer", "named"),
        [
            (
                {"status": 400, "body": b'{"error": "invalid_client"}'},
                "the token endpoint answered 400: invalid_client",
            ),
            ({"body": b"<html>"}, "the token endpoint did not answer with JSON"),
            ({"body": b"{}"}, "has no access_token"),
            ({"body": b'{"access_token": "a\\nb"}'}, "has no access_token"),
        ],
    )
    async def test_a_token_endpoint_without_a_token_says_why(self, answering, asking, answer, named):
        url, requests = await answering(**answer)
        base = URL(url).origin()
        scoring = self.scoring(base)
        with pytest.raises(ScorerFailed) as failed:
            await asking(score, scoring, self.spec(base, scoring))
        assert named in str(failed.value)
        assert [path for path, _, _ in requests] == ["/token"]
