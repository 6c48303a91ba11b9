"""The wires of one host, which can be cut: a program by itself that passes on whatever comes, or nothing.

    python wires.py ADDRESS:PORT=ADDRESS:PORT …      from the first to the second of each pair

It prints where each of them listens (port 0: any). Reads `cut` and `mend` from its standard input and answers with the
same word. A cut wire is silent: what is under way stays under way, who calls hears nothing, and once it is mended
everything goes on where it was, as after a cable was pulled out for a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

WHOLE = asyncio.Event()
AT_ONCE = 65_536
CARRYING: set[asyncio.Task[None]] = set()


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(AT_ONCE):
            await WHOLE.wait()
            writer.write(data)
            await writer.drain()
        await WHOLE.wait()
        writer.write_eof()
    except OSError:
        writer.transport.abort()


async def carry(near: asyncio.StreamReader, back: asyncio.StreamWriter, address: str, port: int) -> None:
    await WHOLE.wait()
    try:
        far, forth = await asyncio.open_connection(address, port)
    except OSError:
        back.transport.abort()
        return
    await asyncio.gather(pass_on(near, forth), pass_on(far, back))
    for writer in (forth, back):
        with contextlib.suppress(OSError):
            writer.close()


async def main(pairs: list[str]) -> None:
    WHOLE.set()
    servers = []
    for pair in pairs:
        (address, port), (there, its_port) = (each.split(":") for each in pair.split("="))

        def connected(
            near: asyncio.StreamReader, back: asyncio.StreamWriter, to: str = there, at: str = its_port
        ) -> None:
            task = asyncio.create_task(carry(near, back, to, int(at)))
            CARRYING.add(task)  # the loop itself knows its tasks only weakly
            task.add_done_callback(CARRYING.discard)

        servers.append(await asyncio.start_server(connected, address, int(port)))
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    while order := (await orders.readline()).decode().strip():  # it ends with whoever began it
        WHOLE.clear() if order == "cut" else WHOLE.set()
        print(order, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
