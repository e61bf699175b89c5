"""The files of the page, read once: what each is served as, and a version over all of them."""

from __future__ import annotations

import gzip
import hashlib
from html import escape
from importlib.resources import files
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

INDEX: Final = "index.html"
TYPES: Final[Mapping[str, str]] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
}
"""What a browser is told; a file with another suffix is not served."""

STYLE: Final = "style.css"
"""All style sheets in one file, what others build on first."""

FIRST_STYLES: Final = ("style/tokens.css", "style/frame.css", "style/controls.css", "vendor/uplot.css")
VERSION_DIGITS: Final = 16
LAZY: Final = ("vendor/uplot.js", "views/charts/", "views/compare/", "views/scoring/", "views/threads/")
"""Modules that only some views need: the browser fetches them when it opens one."""


class Asset(Struct, frozen=True):
    """One file: `body` as it is, `packed` in gzip; `etag` is over the body, in quotes (RFC 9110 §8.8.3)."""

    body: bytes
    packed: bytes
    etag: str
    content_type: str


class Page(Struct, frozen=True):
    """Everything the page is made of; `assets` are by their path, which `version` stands for."""

    index: Asset
    assets: Mapping[str, Asset]
    version: str


def read_page(default_project: str) -> Page:
    """Read all files from the package and fill the index in; blocking.

    The index names the version and `default_project`, which the page opens when its address names none.
    """
    found = dict(_walk(files(__package__) / "static"))
    source = found.pop(INDEX).decode()
    styles = sorted((name for name in found if name.endswith(".css")), key=_style_order)
    found[STYLE] = b"\n".join(found.pop(name) for name in styles)
    version = _digest(b"".join(name.encode() + b"\0" + found[name] for name in sorted(found)))
    preloads = "\n".join(
        f'<link rel="modulepreload" href="page/{version}/{name}">' for name in sorted(found) if _early(name)
    )
    filled = (
        source.replace("{{base}}", f"page/{version}")
        .replace("{{project}}", escape(default_project))
        .replace("{{preloads}}", preloads)
    )
    return Page(
        index=_asset(INDEX, filled.encode()),
        assets={name: _asset(name, body) for name, body in found.items()},
        version=version,
    )


def _walk(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif PurePosixPath(entry.name).suffix in TYPES:
            yield prefix + entry.name, entry.read_bytes()


def _style_order(name: str) -> tuple[int, str]:
    return (FIRST_STYLES.index(name) if name in FIRST_STYLES else len(FIRST_STYLES), name)


def _early(name: str) -> bool:
    return name.endswith(".js") and name != "early.js" and not name.startswith(LAZY)


def _asset(name: str, body: bytes) -> Asset:
    return Asset(
        body=body,
        packed=gzip.compress(body, mtime=0),
        etag=f'"{_digest(body)}"',
        content_type=TYPES[PurePosixPath(name).suffix],
    )


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:VERSION_DIGITS]
