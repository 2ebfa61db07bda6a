"""The client process: `python -m compiler.drill.client`, started by `compiler.drill.load` only.

It reads a plan as a line of JSON, answers with an empty line when it begins, ends early when it reads another line, and
writes its samples (MessagePack) when it is done. It gives up when its input ends.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys

import msgspec

from compiler.drill.client.plan import Plan
from compiler.drill.client.run import run


async def _run() -> None:
    commands = asyncio.StreamReader(limit=1 << 26)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin.buffer)
    plan = msgspec.json.decode(await commands.readline(), type=Plan)
    stopped = asyncio.Event()
    watching = asyncio.create_task(_watch(commands, stopped))
    gc.disable()  # samples hold no cycles, and a pause of the collector would be measured as a slow answer
    sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()
    samples = await run(plan, stopped)
    watching.cancel()
    sys.stdout.buffer.write(msgspec.msgpack.encode(samples))
    sys.stdout.buffer.flush()


async def _watch(commands: asyncio.StreamReader, stopped: asyncio.Event) -> None:
    if await commands.readline():
        stopped.set()
    else:
        os._exit(1)  # whoever started us is gone


if __name__ == "__main__":
    asyncio.run(_run())
    os._exit(0)  # all is written: there is nothing to take apart
