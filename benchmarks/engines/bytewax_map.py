"""Bytewax with a bare map: python bytewax_map.py SERVERS TOPIC OUT NUMBER ADDRESS…"""

from __future__ import annotations

import sys
from typing import Any

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.testing import cluster_main
from work import work

servers, topic, out, number, *addresses = sys.argv[1:]


def done(message: Any) -> list[str]:
    return [work(message.value.decode(), out)]


flow = Dataflow("bare")
messages = op.input("in", flow, KafkaSource([servers], [topic], tail=False, batch_size=1))
op.inspect("out", op.flat_map("work", messages, done), lambda step, name: None)
cluster_main(flow, addresses, int(number))  # type: ignore[no-untyped-call]
