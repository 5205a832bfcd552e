"""A job whose outputs get what the configuration's table says."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from support.job import JobFolder
from support.receiver import Receiver


def test_each_output_has_what_its_rows_let_through(tmp_path: Path) -> None:
    job = JobFolder(tmp_path)
    with Receiver() as receiver:
        config = yaml.safe_load((tmp_path / "job.yaml").read_text())
        hooks = {
            "endpoints": [{"url": receiver.url("hook"), "events": ["all"]}],
            "allow_private_networks": ["127.0.0.0/8"],
        }
        config["processing_pipeline"] = {
            "output_streams": [
                {"type": "files", "name": "good", "config": {"directory": "good"}},
                {"type": "files", "name": "to-look-at", "config": {"directory": "bad"}},
                {"type": "files", "name": "foreign", "config": {"directory": "foreign"}},
                {"type": "webhook", "config": hooks},
                {"type": "parquet", "config": {}},
            ],
            "routes": [
                {"status": ["completed"], "document_type": ["gen*"], "outputs": ["good"]},
                {"event": ["ProcessingFailed"], "outputs": ["to-look-at", "webhook"]},
                {"confidence_below": 0.1, "outputs": ["to-look-at"]},
                {"tenant": ["another"], "outputs": ["foreign"]},
            ],
        }
        (tmp_path / "job.yaml").write_text(yaml.safe_dump(config))
        names = job.letters(5)
        (job.inbox / "broken.pdf").write_bytes(b"%PDF-1.4 nothing more")
        job.run_once()
        (told,) = [json.loads(body) for body in receiver.bodies("hook")]
    assert told["type"] == "neuraldocflow.ProcessingFailed.v1"
    assert {path.name for path in (tmp_path / "good").iterdir()} == {f"{name}.json" for name in names}
    assert [path.name for path in (tmp_path / "bad").iterdir()] == ["broken.pdf.json"]
    assert not list((tmp_path / "foreign").iterdir())
    assert set(job.archived()) == names | {"broken.pdf"}
