"""Pathway: python pathway_udf.py SERVERS TOPIC OUT, in processes that ``pathway spawn`` starts."""

from __future__ import annotations

import sys

import pathway as pw
from work import work

servers, topic, out = sys.argv[1:]
settings = {"bootstrap.servers": servers, "group.id": "pathway", "auto.offset.reset": "earliest"}
paths = pw.io.kafka.read(settings, topic, format="plaintext", autocommit_duration_ms=100)
done = paths.select(name=pw.apply_with_type(lambda path: work(path, out), str, pw.this.data))
pw.io.null.write(done)
pw.run(monitoring_level=pw.MonitoringLevel.NONE)
