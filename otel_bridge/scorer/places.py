"""Where judges and remote scorers are reached, and which secret goes there.

The operator's configuration may say any URL. URLs out of stored objects, which anybody who may publish
writes, are asked only when their host is in `scoring.remote_hosts`. Stored objects name secrets and never
hold them; a secret goes only to the hosts that the configuration gives it. So nobody who publishes can make
the bridge ask an address of its network, or send a key elsewhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from yarl import URL

from otel_bridge.scorer.base import Unusable
from otel_bridge.scorer.judge.fitting import fitting
from otel_bridge.scorer.judge.judge import judge_of
from otel_bridge.scorer.quoting import quoted
from otel_bridge.scorer.remote import remote_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from otel_bridge.scorer.judge.judge import Host, Judge
    from otel_bridge.scorer.remote import OAuth, Remote
    from otel_bridge.scorer.settings import Provider, ScoringSettings
    from otel_bridge.scorer.spec import Spec

OPENAI: Final = "openai"
OPENAI_URL: Final = "https://api.openai.com/v1"
KEY_VARIABLE: Final = "OPENAI_API_KEY"
URL_VARIABLE: Final = "OPENAI_BASE_URL"
DEFAULT: Final = "default"
"""The provider of this name is asked for models whose id names no provider."""
CUSTOM: Final = "custom::"
"""What Weave puts before the name of a provider that a team has added."""
COMPLETIONS: Final = "/chat/completions"
SHORTEST_KEY: Final = 6
"""In characters. What is shorter hides nothing, and would be found in every other word."""

FORBIDDEN_HEADERS: Final = frozenset({
    "authorization", "connection", "content-encoding", "content-length", "content-type", "cookie", "expect",
    "forwarded", "host", "keep-alive", "metadata", "metadata-flavor", "proxy-authorization",
    "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "x-aws-ec2-metadata-token",
    "x-aws-ec2-metadata-token-ttl-seconds",
})  # fmt: skip
"""Headers that a stored object may not set: they say who asks, or open the doors of cloud machines."""
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110 §5.6.2."""


class Place(Struct, frozen=True, kw_only=True):
    """A URL to be asked, and the headers that go with it."""

    url: str
    headers: dict[str, str] = {}
    model: str = ""


class Token(Struct, frozen=True, kw_only=True):
    """Where a bearer token is asked for before the place itself, with what form."""

    url: str
    form: tuple[tuple[str, str], ...]


class Places:
    """What the operator allows; every method raises Unusable, naming what is missing and where it is set."""

    def __init__(self, settings: ScoringSettings, environ: Mapping[str, str]) -> None:
        said = {name: _provider(name, one) for name, one in settings.providers.items()}
        self._providers = said if OPENAI in said else {**_from_environment(environ), **said}
        self._hosts = frozenset(settings.remote_hosts)
        self._secrets = {
            name: (one.value.get_secret_value(), frozenset(one.hosts))
            for name, one in settings.secrets.items()
        }
        self._own = frozenset(
            str(_url(one.endpoint, "endpoint")) for one in settings.scorers.values() if one.type == "remote"
        )

    def check(self, spec: Spec) -> None:
        """Return if a judge or a remote scorer can be reached as the configuration stands."""
        if spec.kind == "llm_judge":
            judge = judge_of(spec.settings)
            self.of_judge(judge)
            if judge.response_schema is not None and spec.origin != "object":
                fitting(judge.response_schema)
        elif spec.kind == "remote":
            remote = remote_of(spec.settings)
            self.of_remote(remote)
            if remote.oauth is not None:
                self.of_token(remote.oauth)

    def of_judge(self, judge: Judge) -> Place:
        """Return where a judge's model is asked, by its name there."""
        if judge.host is not None:
            return self._of_host(judge.host, judge.model)
        named, slash, model = _taken_apart(judge.model)
        if slash and named in self._providers:
            return self._providers[named].of_model(model)
        if DEFAULT in self._providers:
            return self._providers[DEFAULT].of_model(judge.model)
        if not slash and OPENAI in self._providers:
            return self._providers[OPENAI].of_model(judge.model)
        name = named if slash else OPENAI
        hint = f", or the variable {KEY_VARIABLE}" if name == OPENAI else ""
        raise Unusable(
            f"no provider {name} is known for the model {judge.model}: set scoring.providers.{name}{hint}"
        )

    def of_remote(self, remote: Remote) -> Place:
        """Return where a remote scorer is asked."""
        url = _url(remote.endpoint, "endpoint")
        if str(url) not in self._own:
            self._allow(url)
        return Place(
            url=str(url), headers={} if remote.secret is None else _bearer(self._secret(remote.secret, url))
        )

    def of_token(self, oauth: OAuth) -> Token:
        """Return where and how a token is asked for."""
        url = _url(oauth.token_url, "token_endpoint_url")
        self._allow(url)
        scope = () if oauth.scope is None else (("scope", oauth.scope),)
        form = (
            ("grant_type", "client_credentials"),
            ("client_id", oauth.client_id),
            ("client_secret", self._secret(oauth.secret, url)),
            *scope,
        )
        return Token(url=str(url), form=form)

    @property
    def keys(self) -> tuple[str, ...]:
        """All that may be shown to nobody, longest first."""
        known = {value for value, _ in self._secrets.values()}
        for provider in self._providers.values():
            known |= set(provider.hidden)
        return tuple(sorted((key for key in known if len(key) >= SHORTEST_KEY), key=len, reverse=True))

    def _of_host(self, host: Host, model: str) -> Place:
        url = _url(host.base_url, "base_url")
        self._allow(url)
        wrong = sorted(name for name in host.headers if not _may_set(name))
        if wrong:
            raise Unusable(f"a stored provider may not set the headers {quoted(', '.join(wrong))}")
        headers = {name: _header(value) for name, value in host.headers.items()}
        if host.secret is not None:
            headers |= _bearer(self._secret(host.secret, url))
        return Place(url=_completions(url), headers=headers, model=model)

    def _allow(self, url: URL) -> None:
        if _names(url).isdisjoint(self._hosts):
            raise Unusable(
                f"the host {_name(url)} is not in scoring.remote_hosts: a stored object may not have it asked"
            )

    def _secret(self, name: str, url: URL) -> str:
        if name not in self._secrets:
            raise Unusable(f"the secret {name} is not known: set scoring.secrets.{name}")
        value, hosts = self._secrets[name]
        if _names(url).isdisjoint(hosts):
            raise Unusable(
                f"the secret {name} is not for the host {_name(url)}: see scoring.secrets.{name}.hosts"
            )
        return value


def _taken_apart(model: str) -> tuple[str, str, str]:
    """Return provider and model of `PROVIDER/MODEL` or, as Weave writes it, `custom::PROVIDER::MODEL`."""
    if not model.startswith(CUSTOM):
        return model.partition("/")
    return model.removeprefix(CUSTOM).partition("::")


class _Known(Struct, frozen=True):
    """A provider of the configuration or the environment; `wrong` tells why it cannot be asked."""

    url: str = ""
    headers: dict[str, str] = {}
    hidden: tuple[str, ...] = ()
    wrong: str | None = None

    def of_model(self, model: str) -> Place:
        if self.wrong is not None:
            raise Unusable(self.wrong)
        if not model:
            raise Unusable("the id of the model ends with its provider")
        return Place(url=self.url, headers=self.headers, model=model)


def _provider(name: str, known: Provider) -> _Known:
    headers = {key: _header(value.get_secret_value()) for key, value in known.headers.items()}
    hidden = tuple(headers.values())
    if known.api_key is not None:
        key = known.api_key.get_secret_value().strip()
        headers, hidden = headers | _bearer(key), (*hidden, key)
    return _Known(_completions(_url(known.base_url, f"providers.{name}.base_url")), headers, hidden)


def _from_environment(environ: Mapping[str, str]) -> dict[str, _Known]:
    """Return what OpenAI's own clients would ask; a URL makes it the default, as it may be any gateway."""
    key, url = environ.get(KEY_VARIABLE, "").strip(), environ.get(URL_VARIABLE, "").strip()
    if not key and not url:
        return {}
    try:
        base = _completions(_url(url or OPENAI_URL, f"the variable {URL_VARIABLE}"))
        known = _Known(base, _bearer(key), (key,) if key else ())
    except Unusable as error:
        known = _Known(wrong=str(error))
    return {OPENAI: known, DEFAULT: known} if url else {OPENAI: known}


def _url(text: str, name: str) -> URL:
    """Read an address; what it says beyond scheme, host, port, path and query is refused."""
    try:
        url = URL(text.strip())
        _ = url.port
    except ValueError as error:
        raise Unusable(f"{name} is no URL") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise Unusable(f"{name} is no http or https URL with a host")
    if url.raw_user is not None or url.raw_password is not None or url.fragment:
        raise Unusable(f"{name} may have no user, password or fragment")
    return url


def _completions(url: URL) -> str:
    text = str(url).rstrip("/")
    return text if text.endswith(COMPLETIONS) else text + COMPLETIONS


def _name(url: URL) -> str:
    return url.host_port_subcomponent or ""


def _names(url: URL) -> frozenset[str]:
    """Return what a list of hosts may call a URL's host: an entry without a port is for all of them."""
    host = (url.host_subcomponent or "").lower()
    return frozenset({host, f"{host}:{url.port}"})


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {_header(key)}"} if key else {}


def _may_set(name: str) -> bool:
    return _HEADER_NAME.fullmatch(name) is not None and name.lower() not in FORBIDDEN_HEADERS


def _header(text: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise Unusable("a key or a header has characters that a header may not have")
    return text
