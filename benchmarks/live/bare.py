"""The ceiling: nothing but `websockets.broadcast`, a message of the same size at a steady rate.

    python -m benchmarks.live.bare PORT RATE BYTES

The message begins as Broker's does; its `date` is the moment of the broadcast in µs, by the clock
that all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import sys
import time

from websockets.asyncio.server import ServerConnection, broadcast, serve

LONGEST_BACKLOG = 2048


async def main(port: int, rate: float, size: int) -> None:
    """Serves for ever."""
    connections: set[ServerConnection] = set()

    async def hold(connection: ServerConnection) -> None:
        connections.add(connection)
        try:
            await connection.wait_closed()
        finally:
            connections.discard(connection)

    async with serve(hold, "127.0.0.1", port, compression=None, backlog=LONGEST_BACKLOG):
        due_s = time.monotonic()
        while True:
            due_s += 1 / rate
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            text = f'{{"date":{time.monotonic_ns() // 1000},"filling":"'
            broadcast(connections, text + "x" * (size - len(text) - 2) + '"}')


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
