"""The program: ``neuraldocflow``, and ``python -m neuraldocflow``."""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # to load the one around it takes a while


def main() -> None:
    """Run the command line. Ctrl-C while it still loads, for a second, ends it without a traceback."""
    interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if interruptible:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from neuraldocflow import cli

    if interruptible:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    cli.main()


if __name__ == "__main__":
    main()
