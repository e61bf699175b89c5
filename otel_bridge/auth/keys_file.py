"""Reads files of keys: YAML with names, rights and projects, plain keys, or `user:password` lines.

What is wrong is told by place and kind. No message holds anything of a key, nor a line of the file.
"""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import yaml
from pydantic import SecretStr, TypeAdapter, ValidationError

from otel_bridge.auth.authenticators import MAX_NAME, KeyBody
from otel_bridge.auth.keyring import DIGEST_BYTES, Entry, KeyRing, digest_of
from otel_bridge.auth.principal import ALL_RIGHTS, Principal
from otel_bridge.model.projects import Projects

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from otel_bridge.auth.authenticators import Tokens

SHA256_PREFIX: Final = "{SHA256}"
"""Before the base64 of a digest in a `user:password` line, as some servers write it."""
_HASHED: Final = ("$2", "$apr1$", "$1$", "$5$", "$6$", "$argon2", "{SHA}", "{SSHA}")


_BODIES: Final = TypeAdapter(tuple[KeyBody, ...])


class BadKeys(ValueError):
    """A file of keys cannot be used; the message says where and why, and holds no key."""


def entry_of(body: KeyBody) -> Entry:
    """Return what a ring keeps of an entry."""
    digest = None
    if body.key is not None:
        digest = digest_of(body.key.get_secret_value().strip().encode())
    elif body.sha256 is not None:
        digest = bytes.fromhex(body.sha256.get_secret_value())
    principal = Principal(body.name, frozenset(body.rights), Projects(body.projects), body.rate_limit)
    return Entry(principal, digest, body.user, body.certificate)


def read_keys(text: str) -> KeyRing:
    """Read a file of keys; raise BadKeys. A text without a colon holds plain keys, one a line."""
    if not text.strip():
        raise BadKeys("holds no keys")
    if ":" not in text:
        lines = [line.strip() for line in text.splitlines()]
        return _ring(_plain(key, number) for number, key in enumerate(lines, 1) if key and key[0] != "#")
    try:
        document = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - as safe: a key of digits stays a text
    except yaml.YAMLError as error:  # its own words would show the line
        mark = getattr(error, "problem_mark", None)
        raise BadKeys("is no YAML" + (f", see line {mark.line + 1}" if mark else "")) from None
    except (ValueError, RecursionError):
        raise BadKeys("is no YAML that makes sense") from None
    return keys_of(document.get("keys") if isinstance(document, dict) else document)


def keys_of(document: Any) -> KeyRing:
    """Return the keys of a list of entries; raise BadKeys."""
    if not isinstance(document, list) or not document:
        raise BadKeys("must hold a list of keys, each with a name and a key: `keys: [{name: …, key: …}]`")
    try:
        bodies = _BODIES.validate_python(document)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise BadKeys("; ".join(_told(one["loc"], one["msg"]) for one in found[:20])) from None
    return _ring(map(entry_of, bodies))


def given_keys(tokens: Tokens) -> KeyRing:
    """Return the keys of a configuration: the text of such a file, or its list. Raise BadKeys."""
    if isinstance(tokens, SecretStr):
        return read_keys(tokens.get_secret_value())
    return _ring(
        entry_of(one) if isinstance(one, KeyBody) else _plain(one.get_secret_value().strip(), number)
        for number, one in enumerate(tokens, 1)
    )


def read_htpasswd(text: str) -> KeyRing:
    """Read `user:password` lines; raise BadKeys.

    A password may be `{SHA256}` and the base64 of its digest.
    """
    return _ring(
        _user(line.strip(), number) for number, line in enumerate(text.splitlines(), 1) if _said(line)
    )


def one_user(user: str, password: str) -> KeyRing:
    """Return the ring of one user with all rights; raise BadKeys without a password."""
    password = password.strip("\r\n")
    if not password:
        raise BadKeys("holds no password")
    return _ring([Entry(Principal(user), digest_of(password.encode()), user)])


def _said(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _user(line: str, number: int) -> Entry:
    user, colon, password = line.partition(":")
    if not (user and colon and password) or not user.isprintable() or len(user) > MAX_NAME:
        raise BadKeys(f"line {number} is not USER:PASSWORD")
    if password.startswith(_HASHED):
        raise BadKeys(
            f"line {number} has a password in a form that is not known here; write it as {SHA256_PREFIX} and"
            " the base64 of its SHA-256"
        )
    if not password.startswith(SHA256_PREFIX):
        return Entry(Principal(user), digest_of(password.encode()), user)
    try:
        digest = base64.b64decode(password.removeprefix(SHA256_PREFIX), validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != DIGEST_BYTES:
        raise BadKeys(f"line {number}: {SHA256_PREFIX} is not followed by the base64 of a SHA-256")
    return Entry(Principal(user), digest, user)


def _plain(key: str, number: int) -> Entry:
    if any(character.isspace() for character in key):
        raise BadKeys(f"line {number} holds more than a key")
    return Entry(Principal(f"key {number}", ALL_RIGHTS), digest_of(key.encode()))


def _ring(entries: Iterable[Entry]) -> KeyRing:
    found = list(entries)
    if not found:
        raise BadKeys("holds no keys")
    _check_unique([entry.principal.name for entry in found], "two keys have the name {}")
    certificates = [entry.certificate for entry in found if entry.certificate is not None]
    _check_unique(certificates, "two entries have the certificate {}")
    ways: dict[tuple[str | None, bytes], str] = {}
    for entry in found:
        if entry.digest is None:
            continue
        other = ways.setdefault((entry.user, entry.digest), entry.principal.name)
        if other != entry.principal.name:
            raise BadKeys(f"{other} and {entry.principal.name} have the same key")
    return KeyRing(found)


def _check_unique(values: Sequence[str], text: str) -> None:
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise BadKeys(text.format(twice[0]))


def _told(place: tuple[int | str, ...], message: str) -> str:
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return f"keys{where}: {message.removeprefix('Value error, ')}"
