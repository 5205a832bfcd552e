"""A job whose documents are objects of a bucket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from support.job import LETTER, JobFolder


class S3Job(JobFolder):
    """A job folder that reads ``bucket``; ``settings`` adds to the source's configuration."""

    def __init__(self, root: Path, bucket: str, client: Any, **runtime: Any) -> None:
        self.bucket = bucket
        self.client = client
        super().__init__(root, **runtime)

    def configure(self, source: dict[str, Any] | None = None, **runtime: Any) -> None:
        given = {"bucket": self.bucket, "polling_interval_ms": 100, **(source or {})}
        config = {
            "stream_sources": {"inbox": {"type": "s3", "config": given}},
            "processing_pipeline": {"swarm_config": {"min_agents": 2, "max_agents": 2}},
            "runtime": {"snapshot_interval_ms": 100, **runtime},
        }
        (self.root / "job.yaml").write_text(yaml.safe_dump(config))

    def letter(self, key: str, number: int = 1) -> str:
        """Put a letter into the bucket; its etag."""
        body = LETTER.format(number=number, day=number % 28 + 1).encode()
        etag: str = self.client.put_object(Bucket=self.bucket, Key=key, Body=body)["ETag"]
        return etag.strip('"')

    def keys(self) -> list[str]:
        """What is in the bucket."""
        listed = self.client.list_objects_v2(Bucket=self.bucket)
        return [each["Key"] for each in listed.get("Contents", [])]
