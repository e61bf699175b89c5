"""The configuration is read again: when a signal says so, and when one of its files holds something else.

What is read is checked first; a bridge runs on by what it has unless all of the new is right and open.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from otel_bridge.config_file.files import Files
from otel_bridge.errors import Retryable, StartError
from otel_bridge.parsers import BadSetting
from otel_bridge.service.reload_metrics import APPLIED, ReloadMetrics
from otel_bridge.service.restarting import NeedsRestart
from otel_bridge.telemetry import log
from otel_bridge.words import many

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_bridge.config import BridgeConfig
    from otel_bridge.service.bridge import Bridge

SETTLE_SECONDS: Final = 0.2
"""A file that has changed may still be being written: it is read after so long."""
ATTEMPTS: Final = 5
"""How often files are read that change while they are read."""


class Source(Struct, frozen=True):
    """Where a configuration comes from. `load` reads it with the help of `Files`; it raises BadSetting.

    `files` are those of the configuration that the bridge starts by.
    """

    load: Callable[[Files], BridgeConfig]
    files: Files


class Reloading:
    """Reads the configuration again, one time after the other.

    `asked` is set to ask for it; when that happens while a reload is under way, another one follows.
    """

    def __init__(self, bridge: Bridge, source: Source, *, asked: asyncio.Event) -> None:
        self._bridge = bridge
        self._load = source.load
        self._files = source.files
        self._asked = asked
        self._told = ""
        self._metrics = ReloadMetrics(bridge.telemetry.registry)

    async def run(self) -> None:
        """Reload whenever it is asked for or a file has changed. Never returns."""
        again = False
        while True:
            asked = await self._asked_in_time()
            if asked:
                self._asked.clear()
            elif again or await self._changed():
                await asyncio.sleep(SETTLE_SECONDS)
            else:
                continue
            again = not await self.reload()

    async def _asked_in_time(self) -> bool:
        interval = self._bridge.config.reload_interval
        try:
            async with asyncio.timeout(None if interval is None else interval.total_seconds()):
                return await self._asked.wait()
        except TimeoutError:
            return False

    async def _changed(self) -> bool:
        return bool(await asyncio.to_thread(self._files.changed))

    async def reload(self) -> bool:
        """Take over what is written now; False: that failed by something that may pass, so try again."""
        try:
            config = await self._read()
            await self._bridge.replace(config)
        except BadSetting as error:
            problems = getattr(error, "problems", (str(error),))
            for problem in problems:
                log().error("configuration_problem", problem=problem)
            self._kept("invalid", many(len(problems), "problem"))
        except NeedsRestart as error:
            self._kept("needs_restart", str(error))
        except (StartError, Retryable) as error:
            self._kept("failed", str(error))
            return False
        except Exception as error:  # noqa: BLE001 - the top of a task: reloading goes on
            self._bridge.telemetry.note("unhandled_errors")
            await asyncio.to_thread(log().error, "unhandled_error", exc_info=error)
            self._kept("failed", repr(error))
        else:
            self._metrics.ended(APPLIED)
            self._told = ""
            log().info("configuration_reloaded", files=config.config_files, unused=config.unused)
        return True

    async def _read(self) -> BridgeConfig:
        """Read everything; again, when it is wrong and has changed meanwhile. Raise BadSetting."""
        for attempt in range(1, ATTEMPTS + 1):
            files, before = Files(), self._files
            try:
                return await asyncio.to_thread(self._load, files)
            except BadSetting:
                if attempt == ATTEMPTS or not await self._changes(files):
                    raise
            finally:
                files.forget_texts()
                self._files = files
                await asyncio.to_thread(_look, files, before)
        raise AssertionError("the last attempt returns or raises")

    @staticmethod
    async def _changes(files: Files) -> bool:
        """Tell whether files are being written right now."""
        await asyncio.sleep(SETTLE_SECONDS)
        return bool(await asyncio.to_thread(files.changed))

    def _kept(self, outcome: str, reason: str) -> None:
        """Count a reload that changed nothing; say why, but not again and again while it is tried again."""
        self._metrics.ended(outcome)
        if outcome != "failed" or reason != self._told:
            log().error("configuration_not_reloaded", outcome=outcome, reason=reason, runs_on=True)
        self._told = reason


def _look(files: Files, before: Files) -> None:
    """Watch what was watched before, too: what is wrong may have hidden it."""
    for path in before.paths:
        files.look(path)
