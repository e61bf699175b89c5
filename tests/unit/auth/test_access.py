"""Who is let in, and what is said to the others."""

from __future__ import annotations

import pytest

from otel_bridge.auth.access import Access, Authenticator
from otel_bridge.auth.credentials import Scheme
from otel_bridge.auth.keys_file import read_keys
from otel_bridge.auth.principal import Need, Principal, Right
from otel_bridge.auth.rate import RateLimiter
from otel_bridge.errors import Forbidden, RateLimited, Unauthenticated
from otel_bridge.model.projects import Projects

KEYS = """
- {name: writer, key: w, rights: [ingest], projects: [acme/*]}
- {name: scorer, key: s, rights: [score]}
- {name: few, key: f, rights: [score], projects: [acme/app]}
- {name: machine, certificate: app.example, rights: [read]}
"""


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Door:
    def __init__(self, *schemes: Scheme, rate: float | None = None, **settings) -> None:
        self.clock = Clock()
        self.noted: list[str] = []
        ring = read_keys(KEYS)
        one = Authenticator(lambda: ring, frozenset(schemes or Scheme), rate=rate, **settings)
        self.access = Access([one], RateLimiter(self.clock), self.noted.append)

    def admit(self, headers, need=Need.KEY, certificate=None) -> Principal:
        return self.access.admit(headers, certificate, need)


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def test_a_known_key_is_let_in_with_its_rights():
    door = Door()
    assert door.admit(bearer("w"), Need.INGEST).name == "writer"
    assert door.noted == []


@pytest.mark.parametrize("headers", [{}, bearer("wrong"), {"x-api-key": "wrong"}], ids=str)
def test_nobody_else_is(headers):
    door = Door()
    with pytest.raises(Unauthenticated) as found:
        door.admit(headers)
    assert "wrong" not in str(found.value)
    assert found.value.challenge == 'Bearer realm="otel-bridge"'
    assert door.noted == ["unauthenticated_requests"]


def test_a_key_that_comes_another_way_than_it_may_is_not_known():
    with pytest.raises(Unauthenticated) as found:
        Door(Scheme.BASIC).admit(bearer("w"))
    assert found.value.challenge.startswith("Basic ")


def test_of_several_keys_the_first_that_is_known_counts():
    assert Door().admit(bearer("wrong") | {"x-api-key": "s"}).name == "scorer"


@pytest.mark.parametrize("need", [Need.READ, Need.SCORE, Need.ADMIN, Need.WORK])
def test_a_right_that_a_key_does_not_have_is_named(need):
    door = Door()
    with pytest.raises(Forbidden, match="does not have the right to"):
        door.admit(bearer("w"), need)
    assert door.noted == ["forbidden_requests"]


def test_a_worker_elsewhere_needs_the_right_to_score_for_all_projects():
    assert Door().admit(bearer("s"), Need.WORK).name == "scorer"
    with pytest.raises(Forbidden, match="about all projects"):
        Door().admit(bearer("f"), Need.WORK)


class TestCertificates:
    def test_a_certificate_is_whose_name_it_has(self):
        door = Door(certificates=True)
        assert door.admit({}, certificate=["app.example"]).rights == {Right.READ}

    def test_a_key_wins_over_a_certificate(self):
        assert Door(certificates=True).admit(bearer("w"), certificate=["app.example"]).name == "writer"

    def test_a_certificate_of_nobody_is_refused(self):
        with pytest.raises(Unauthenticated, match="belongs to nobody"):
            Door(certificates=True).admit({}, certificate=["else.example"])

    def test_any_certificate_does_everything_where_nobody_is_named(self):
        found = Door(certificates=True, any_certificate=True).admit({}, certificate=["else.example"])
        assert (found.name, found.projects.every) == ("client certificate else.example", True)

    def test_it_is_not_looked_at_where_certificates_are_not_asked_for(self):
        with pytest.raises(Unauthenticated):
            Door().admit({}, certificate=["app.example"])


class TestWorkerToken:
    def access(self) -> Access:
        limiter = RateLimiter(Clock())
        return Access((), limiter, lambda _: None, worker_token="t", worker_paths=frozenset({"/mine"}))

    def test_it_opens_the_routes_of_workers(self):
        token = {"X-Otel-Bridge-Worker": "t"}
        assert self.access().admit(token, None, Need.WORK, "/mine").worker

    def test_it_opens_nothing_else(self):
        with pytest.raises(Forbidden):
            self.access().admit({"X-Otel-Bridge-Worker": "t"}, None, Need.READ, "/calls/delete")

    @pytest.mark.parametrize(
        "headers", [{}, {"X-Otel-Bridge-Worker": "x"}, bearer("w"), bearer("t")], ids=str
    )
    def test_nothing_else_opens_them(self, headers):
        with pytest.raises(Unauthenticated):
            self.access().admit(headers, None, Need.WORK, "/mine")


class TestRateLimit:
    def test_a_key_has_a_seconds_worth_and_then_has_to_wait(self):
        door = Door(rate=2)
        for _ in range(2):
            door.admit(bearer("w"))
        with pytest.raises(RateLimited, match="more than 2 requests a second"):
            door.admit(bearer("w"))
        assert door.noted == ["rate_limited_requests"]
        door.clock.now += 0.5
        door.admit(bearer("w"))

    def test_a_slow_rate_lets_one_request_in(self):
        door = Door(rate=0.1)
        door.admit(bearer("w"))
        with pytest.raises(RateLimited):
            door.admit(bearer("w"))
        door.clock.now += 10
        door.admit(bearer("w"))

    def test_keys_do_not_share_theirs(self):
        door = Door(rate=1)
        door.admit(bearer("w"))
        door.admit(bearer("s"))

    def test_a_keys_own_rate_wins(self):
        ring = read_keys("- {name: a, key: a, rate_limit: 3}")
        one = Authenticator(lambda: ring, frozenset(Scheme), rate=1)
        access = Access([one], RateLimiter(Clock()), lambda _: None)
        for _ in range(3):
            access.admit(bearer("a"), None, Need.KEY)
        with pytest.raises(RateLimited):
            access.admit(bearer("a"), None, Need.KEY)


class TestProjects:
    @pytest.mark.parametrize(
        ("globs", "inside", "outside"),
        [
            (("*",), ["a/b", "c/d"], []),
            (("acme/*",), ["acme/app"], ["acme2/app", "acme", "acme/a/b", "ACME/app"]),
            (("acme/app",), ["acme/app"], ["acme/app2", "acme/ap"]),
            (("*/app",), ["acme/app", "b/app"], ["acme/app/x", "acme/other"]),
            (("acme/team-?", "b/*"), ["acme/team-1", "b/x"], ["acme/team-12"]),
        ],
    )
    def test_a_star_never_reaches_over_the_slash(self, globs, inside, outside):
        projects = Projects(globs)
        assert [one for one in inside if not projects.holds(one)] == []
        assert [one for one in outside if projects.holds(one)] == []
