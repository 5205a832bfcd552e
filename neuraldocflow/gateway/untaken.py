"""How far behind a reader is."""

from __future__ import annotations

import asyncio
import fcntl
import struct
import termios


def untaken(transport: asyncio.Transport) -> int:
    """Bytes written to a TCP connection that its reader's machine has yet to take.

    Those in the kernel count: it holds megabytes, and takes more only when a third of them is gone.
    """
    file = transport.get_extra_info("socket").fileno()
    (in_kernel,) = struct.unpack("i", fcntl.ioctl(file, termios.TIOCOUTQ, bytes(4)))
    return transport.get_write_buffer_size() + int(in_kernel)
