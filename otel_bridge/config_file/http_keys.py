"""What is written of requests to others: URLs and headers."""

from __future__ import annotations

import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from otel_bridge.parsers import Written

OWN_HEADERS: Final = frozenset(
    {"content-type", "content-encoding", "content-length", "host", "accept-encoding"}
)
"""What a request has anyway."""
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""The name of a header (RFC 9110 §5.1)."""
URL: Final = Written({"type": "string", "title": "URL", "format": "uri"})


def _whole_url(text: str) -> str:
    try:
        url = urlsplit(text.strip())
        _ = url.port  # raises for one that there is not
    except ValueError as error:
        raise ValueError("this is no URL, for example http://collector:4318/v1/traces") from error
    if url.scheme not in {"http", "https"} or not url.hostname or url.username is not None:
        raise ValueError("this is no http or https URL, for example http://collector:4318/v1/traces")
    return text.strip()


def _header(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not text.isascii() or not text.isprintable() or text != text.strip():
        raise ValueError("this is no value of a header: printable ASCII is, without spaces around it")
    return value


def _names(headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
    for name in headers:
        if _TOKEN.fullmatch(name) is None:
            raise ValueError(f"{name!r} is no name of a header")
        if name.lower() in OWN_HEADERS:
            raise ValueError(f"{name} is set by the exporter")
    return headers


WholeUrl = Annotated[str, AfterValidator(_whole_url), URL]
Headers = Annotated[dict[str, Annotated[SecretStr, AfterValidator(_header)]], AfterValidator(_names)]
