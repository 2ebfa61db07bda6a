"""The stub process: `python -m compiler.drill.stub`, started by `compiler.drill.backends` only."""

from __future__ import annotations

import asyncio
import gc
import os
import sys

import msgspec

from compiler.drill.stub.pod import Pod
from compiler.drill.stub.spec import Behaviour, Command, Reply, Start


async def _run() -> None:
    commands = asyncio.StreamReader(limit=1 << 26)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin.buffer)
    start = msgspec.json.decode(await commands.readline(), type=Start)
    executions = os.open(start.executions, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    pods = {each.place: Pod(each, executions) for each in start.endpoints}
    for place, pod in pods.items():
        await pod.behave(start.behaviours.get(place, Behaviour()))
    gc.freeze()
    _reply(Reply())
    while line := await commands.readline():
        command = msgspec.json.decode(line, type=Command)
        for place, behaviour in command.behaviours.items():
            await pods[place].behave(behaviour)
        _reply(Reply(counts={place: pod.requests for place, pod in pods.items()} if command.asks_counts else {}))


def _reply(reply: Reply) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(reply) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    asyncio.run(_run())
    os._exit(0)  # the input has ended, so whoever started us is gone or wants us gone: leave no time to connections
