"""Quix Streams: python quix.py SERVERS TOPIC OUT"""

from __future__ import annotations

import sys

from quixstreams import Application
from work import work

servers, topic, out = sys.argv[1:]
app = Application(
    broker_address=servers,
    consumer_group="quix",
    auto_offset_reset="earliest",
    loglevel="ERROR",
    consumer_extra_config={"max.poll.interval.ms": 600_000},
)
documents = app.dataframe(app.topic(topic, value_deserializer="string"))
documents.update(lambda path: work(path, out))
app.run()
