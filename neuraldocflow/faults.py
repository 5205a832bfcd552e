"""Faults as logs may have them: their kinds and places. An exception's text may quote a document or a key."""

from __future__ import annotations

import os
import traceback

OF_OTHERS = (Exception, SystemExit)
"""What code that is not ours may raise: ``sys.exit`` of a library would end a thread without a word."""
_MOST = 20


def told(error: BaseException) -> str:
    """The tracebacks of an error and of what it came from, 20 at most, without texts but the system's own."""
    found: list[str] = []
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting and len(found) < _MOST:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        frames = "".join(traceback.format_tb(each.__traceback__))
        found.append(f"Traceback of {_kind(each)}:\n{frames}".rstrip())
        waiting.append(each.__cause__ or (None if each.__suppress_context__ else each.__context__))
        if isinstance(each, BaseExceptionGroup):
            waiting.extend(reversed(each.exceptions))
    return "\n".join(found)


def _kind(error: BaseException) -> str:
    name = type(error).__name__
    if isinstance(error, OSError) and isinstance(error.errno, int):
        return f"{name} ({os.strerror(error.errno)})"
    return name
