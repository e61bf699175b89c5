"""Where a bridge is found by other programs of ours: its data directory, and its addresses in there.

Imports next to nothing: `healthcheck` is run every few seconds.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

ADDRESS_FILE: Final = "api"
PROBES_FILE: Final = "probes"
DEFAULT_URL: Final = "http://127.0.0.1:6345"
"""The API of a bridge that was told nothing."""
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not listened on
_MAX_ADDRESS_CHARS: Final = 1_000


def default_data_dir() -> Path:
    """Return where data goes when nobody says: `$XDG_DATA_HOME/otel-bridge` (XDG base directories)."""
    base = os.environ.get("XDG_DATA_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "share") / "otel-bridge"


def url_of(host: str, port: int, *, tls: bool = False) -> str:
    """Return the URL at which programs on this machine reach what listens there."""
    here, scheme = _EVERYWHERE.get(host, host), "https" if tls else "http"
    return f"{scheme}://[{here}]:{port}" if ":" in here else f"{scheme}://{here}:{port}"


def publish_address(
    data_dir: Path, host: str, port: int, name: str = ADDRESS_FILE, *, tls: bool = False
) -> None:
    """Keep the address of the API, or what `name` is the file of, in the data directory."""
    path = data_dir / name
    fresh = path.with_suffix(".new")
    with suppress(OSError):  # a full disk: the address is a courtesy
        fresh.write_text(url_of(host, port, tls=tls) + "\n", encoding="utf-8")
        os.replace(fresh, path)  # noqa: PTH105 - readers see the old or the new one, whole


def withdraw_address(data_dir: Path, name: str = ADDRESS_FILE) -> None:
    """Take an address away again."""
    with suppress(OSError):
        (data_dir / name).unlink()


def running_address(data_dir: Path, name: str = ADDRESS_FILE) -> str | None:
    """Return the URL that the bridge of this directory published, None when it did not.

    A bridge that was killed leaves its address behind: look at the lock first.
    """
    try:
        text = (data_dir / name).read_text(encoding="utf-8")[:_MAX_ADDRESS_CHARS]
    except (OSError, UnicodeDecodeError):
        return None
    return text.strip() or None
