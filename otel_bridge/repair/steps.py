"""Where the steps of a retranslation are done: in a store of our own, or by the bridge that has it."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from otel_bridge.errors import StartError
from otel_bridge.ingest.opening import open_store
from otel_bridge.ingest.settings import STORE_FILE
from otel_bridge.repair.remote import Remote, address_of, is_locked
from otel_bridge.store.limits import StoreLimits
from otel_bridge.store.retranslation import Cursor, Retranslated, Retranslation

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from otel_bridge.store.base import CallWriter
    from otel_bridge.translate.options import Options

PATH: Final = "/bridge/retranslate"
NO_LIMITS: Final = StoreLimits(retention_seconds=None, max_bytes=None)
"""Nobody asked for calls to be removed."""


class Steps(Protocol):
    """`CallWriter.retranslate`, committed when it returns."""

    def __call__(self, asked: Retranslation, cursor: Cursor | None) -> Retranslated:
        """Do one step. Raise Unavailable when it cannot be done now."""


@contextmanager
def open_steps(data_dir: Path, url: str | None, options: Options) -> Generator[Steps]:
    """Open the store in `data_dir`, or ask the bridge that has it, or the one whose API is at `url`.

    A bridge that is asked translates with its own options, a store of our own is translated with `options`.
    Raise StartError when there is no store, or nobody to ask.
    """
    with ExitStack() as owned:
        if url is not None:
            yield partial(remote_step, owned.enter_context(closing(Remote(url, PATH))))
            return
        if not (data_dir / STORE_FILE).exists():
            raise StartError(f"there is no store in {data_dir}; --data-dir DIR names another directory")
        if is_locked(owned, data_dir):
            yield partial(remote_step, owned.enter_context(closing(Remote(address_of(data_dir), PATH))))
            return
        store = owned.enter_context(closing(open_store(data_dir, NO_LIMITS, options)))
        yield partial(local_step, store)


def local_step(store: CallWriter, asked: Retranslation, cursor: Cursor | None) -> Retranslated:
    """Do one step in a store that nobody else writes to."""
    store.begin()
    done = store.retranslate(asked, cursor)
    store.commit()
    return done


def remote_step(bridge: Remote, asked: Retranslation, cursor: Cursor | None) -> Retranslated:
    """Let a running bridge do one step, asking again while it is away or has no room."""
    return msgspec.json.decode(bridge.post(_question(asked, cursor)), type=Retranslated)


def _question(asked: Retranslation, cursor: Cursor | None) -> bytes:
    since = None if asked.since is None else datetime.fromtimestamp(asked.since / 1_000_000, UTC).isoformat()
    members = {name: getattr(asked, name) for name in asked.__struct_fields__}
    return msgspec.json.encode({**members, "since": since, "cursor": cursor})
