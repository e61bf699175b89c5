"""A worker of its own process: takes jobs, says which, and finishes none. Its argument is its settings."""

from __future__ import annotations

import asyncio
import sys

from otel_bridge.jobs.kafka.consumer import open_consumer
from otel_bridge.jobs.kafka.settings import KafkaSettings


async def main() -> None:
    async with open_consumer(KafkaSettings.model_validate_json(sys.argv[1])) as consumer:
        while True:
            for one in await consumer.take(100, ended=0, wait_seconds=60):
                print("took", one.message.call_ids[0], flush=True)


asyncio.run(main())
