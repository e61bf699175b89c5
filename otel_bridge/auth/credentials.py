"""What a request brings to say who sent it. The same in HTTP headers and gRPC metadata."""

from __future__ import annotations

import base64
import binascii
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Scheme(StrEnum):
    """How a key travels."""

    BASIC = "basic"
    """`Authorization: Basic`, base64 of USER:PASSWORD (RFC 7617); Weave's SDK sends the user `api`."""
    BEARER = "bearer"
    """`Authorization: Bearer KEY` (RFC 6750)."""
    API_KEY = "api_key"
    """A header of its own, one of `API_KEY_HEADERS`."""


API_KEY_HEADERS: Final = ("wandb-api-key", "x-api-key")
AUTHORIZATION: Final = "authorization"
HEADERS: Final = (AUTHORIZATION, *API_KEY_HEADERS)
"""Where keys travel, in lower case as gRPC has them."""


class Credential(Struct, frozen=True):
    """A key, and with Basic who is said to send it. Has no readable form: it must not get into logs."""

    scheme: Scheme
    secret: bytes
    user: bytes | None = None

    def __repr__(self) -> str:
        """Say how the key came, and nothing of it."""
        return f"Credential({self.scheme.value})"


def credentials(headers: Mapping[str, str]) -> Iterator[Credential]:
    """Yield what the headers bring; what cannot be read is as if it were not there.

    Values may still hold percent escapes (`OTEL_EXPORTER_OTLP_HEADERS`, `contract/otlp-receiver.md` §11).
    """
    value = headers.get(AUTHORIZATION)
    if isinstance(value, str) and (found := _authorization(value)) is not None:
        yield found
    for name in API_KEY_HEADERS:
        key = headers.get(name)
        if isinstance(key, str) and key.strip():
            yield Credential(Scheme.API_KEY, _bytes(key.strip()))


def _authorization(value: str) -> Credential | None:
    text = value.strip()
    if text.lower().startswith(("basic%20", "bearer%20")):
        text = unquote(text)
    scheme, _, rest = text.partition(" ")
    rest = rest.strip()
    if not rest:
        return None
    match scheme.lower():
        case "bearer":
            return Credential(Scheme.BEARER, _bytes(rest))
        case "basic":
            return _basic(rest)
        case _:
            return None


def _basic(encoded: str) -> Credential | None:
    try:
        plain = base64.b64decode(_bytes(encoded), validate=True)
    except (binascii.Error, ValueError):
        return None
    user, colon, password = plain.partition(b":")
    return Credential(Scheme.BASIC, password, user) if colon and password else None


def _bytes(text: str) -> bytes:
    """Return the bytes that were sent: what is no UTF-8 comes as surrogates, half pairs as themselves."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="surrogatepass")
