"""What a reader has yet to take."""

from __future__ import annotations

import asyncio

from neuraldocflow.gateway.untaken import untaken

SIZE = 1 << 20


def test_what_the_kernel_holds_for_a_reader_is_not_taken_until_he_reads_it() -> None:
    async def work() -> None:
        accepted: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
        server = await asyncio.start_server(lambda _, writer: accepted.put_nowait(writer), "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), limit=4096)
            other_end = await accepted.get()
            writer.transport.pause_reading()
            other_end.write(bytes(SIZE))
            assert untaken(other_end.transport) > other_end.transport.get_write_buffer_size()
            writer.transport.resume_reading()
            await reader.readexactly(SIZE)
            while untaken(other_end.transport):  # until it is acknowledged
                await asyncio.sleep(0.01)
            other_end.close()
            writer.close()

    asyncio.run(work())
