"""Starts real servers for trying things out, and stops them with Ctrl-C; needs `make setup` only.

Each is the server the tests use: see tests/support/servers.
"""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.servers.kafka import KafkaServer
from support.servers.s3 import s3_server
from support.servers.serving import NoServer
from support.servers.sqs import sqs_server


def kafka(stack: ExitStack, folder: Path, port: int) -> dict[str, str]:
    """A broker on ``port``; what to export."""
    return {"KAFKA_BOOTSTRAP_SERVERS": stack.enter_context(KafkaServer(folder, port)).bootstrap_servers}


def s3(stack: ExitStack, folder: Path, port: int) -> dict[str, str]:
    """An S3 server on ``port``; what to export."""
    server = stack.enter_context(s3_server(folder, port))
    return {"S3_ENDPOINT_URL": server.endpoint, **server.environment()}


def sqs(stack: ExitStack, folder: Path, port: int) -> dict[str, str]:
    """An SQS server on ``port``, which keeps nothing; what to export."""
    server = stack.enter_context(sqs_server(port))
    return {"SQS_ENDPOINT_URL": server.endpoint, "AWS_ENDPOINT_URL_SQS": server.endpoint}


SERVICES = {"kafka": (kafka, 9092), "s3": (s3, 7070), "sqs": (sqs, 9324)}


def main() -> int:
    """Run until Ctrl-C; 1 with a sentence where a server can't be had."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(SERVICES), help=f"of {', '.join(SERVICES)}")
    parser.add_argument("--data", type=Path, default=Path(".cache/services"), help="their data's folder")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        try:
            for name in given.names:
                if name not in SERVICES:
                    parser.error(f"there is no service {name}; there are {', '.join(SERVICES)}")
                start, port = SERVICES[name]
                print(f"starting {name} …", file=sys.stderr)
                for variable, value in start(stack, given.data / name, port).items():
                    print(f"export {variable}={value}", flush=True)
            print("running; Ctrl-C stops them, their data stays", file=sys.stderr)
            signal.pause()
        except NoServer as error:
            print(f"services: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # another one must not leave servers half stopped
    return 0


if __name__ == "__main__":
    sys.exit(main())
