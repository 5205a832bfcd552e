"""The configuration file: what is accepted, and how what is wrong is said."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from neuraldocflow import config
from neuraldocflow.components import SINKS, SOURCES, SinkContext, SourceContext
from neuraldocflow.errors import ConfigError
from neuraldocflow.values import Secret

SOURCES_BLOCK = """\
# Stream source configurations
stream_sources:
  filesystem_watcher:
    type: "filesystem"
    config:
      watch_directories:
        - "/incoming/documents"
        - "/urgent/processing"
      file_patterns: ["*.pdf", "*.docx"]
      recursive: true
      debounce_ms: 500
      auto_move_processed: true
      processed_directory: "/processed"

  s3_bucket_monitor:
    type: "s3"
    config:
      bucket: "document-inbox"
      prefix: "incoming/"
      polling_interval_ms: 1000
      sqs_notifications: true
      delete_after_processing: false

  kafka_consumer:
    type: "kafka"
    config:
      topic: "document-stream"
      consumer_group: "neuraldocflow-processors"
      auto_commit: false
      max_poll_records: 10

  webhook_receiver:
    type: "webhook"
    config:
      endpoint: "/api/v1/documents/webhook"
      authentication: "bearer_token"
      max_payload_size: "50MB"
      async_processing: true
"""

PIPELINE_BLOCK = """\
# Stream processing pipeline
processing_pipeline:
  buffer_config:
    max_buffer_size: 100
    batch_size: 5
    flush_interval_ms: 1000
    priority_queues: true

  swarm_config:
    min_agents: 2
    max_agents: 10
    auto_scaling: true
    scaling_metrics:
      - "queue_depth"
      - "processing_latency"
      - "cpu_utilization"

  output_streams:
    - type: "websocket"
      config:
        broadcast_progress: true
        result_channels: ["results", "notifications"]

    - type: "kafka"
      config:
        topic: "processing-results"
        partition_key: "document_type"

    - type: "webhook"
      config:
        endpoints:
          - url: "https://client-app.com/webhook"
            events: ["completion", "error"]
            retry_config:
              max_retries: 3
              backoff_strategy: "exponential"
"""


def problems(text: str, **environment: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config.parse(text, "pipeline.yaml", environment)
    return str(caught.value).splitlines()


def source(type_: str, settings: str) -> str:
    return f"stream_sources:\n  a:\n    type: {type_}\n    config: {settings}\n"


@pytest.mark.parametrize(
    "block", [SOURCES_BLOCK, PIPELINE_BLOCK, SOURCES_BLOCK + PIPELINE_BLOCK, "", "# empty\n"]
)
def test_the_specifications_blocks_load_as_printed_together_and_alone(block: str) -> None:
    config.parse(block)


def test_every_value_of_the_specification_arrives() -> None:
    loaded = config.parse(SOURCES_BLOCK + PIPELINE_BLOCK)
    data = loaded.model_dump(mode="json")
    given = yaml.safe_load(SOURCES_BLOCK + PIPELINE_BLOCK)
    watcher = data["stream_sources"]["filesystem_watcher"]["config"]
    assert [each["path"] for each in watcher["watch_directories"]] == [
        "/incoming/documents",
        "/urgent/processing",
    ]
    assert data["stream_sources"]["webhook_receiver"]["config"]["max_payload_size"] == 50_000_000
    for name in ("s3_bucket_monitor", "kafka_consumer"):
        assert (
            data["stream_sources"][name]["config"].items() >= given["stream_sources"][name]["config"].items()
        )
    assert data["processing_pipeline"]["buffer_config"] == given["processing_pipeline"]["buffer_config"]
    assert data["processing_pipeline"]["swarm_config"]["max_agents"] == 10
    retries = data["processing_pipeline"]["output_streams"][2]["config"]["endpoints"][0]["retry_config"]
    asked = {"max_retries": 3, "backoff_strategy": "exponential"}
    assert {name: retries[name] for name in asked} == asked


def test_the_specifications_blocks_satisfy_the_published_schema() -> None:
    schema = config.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(SOURCES_BLOCK + PIPELINE_BLOCK), schema)
    kafka_log = {"runtime": {"log": {"kafka": {"bootstrap_servers": "broker:9092"}}}}
    jsonschema.validate(kafka_log, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"runtime": {"state_dir": "x"}}, schema)


def test_an_impossible_value_names_file_line_key_and_value() -> None:
    text = source("s3", "{bucket: inbox, polling_interval_ms: 10}")
    assert problems(text) == [
        "pipeline.yaml:4: stream_sources.a.config.polling_interval_ms: must be at least 100 (is 10)"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("runtim: {}", "pipeline.yaml:1: runtim: unknown key; did you mean runtime?"),
        ("runtime: {log: elsewhere}", "runtime.log: must be one of embedded or kafka (is elsewhere)"),
        ("runtime: {gateway: {port: 99999}}", "runtime.gateway.port: must be at most 65535 (is 99999)"),
        ("runtime: {retention_days: 1.0e+9}", "runtime.retention_days: must be at most 36500"),
        ("runtime: {retention_days: .inf}", "runtime.retention_days: must be at most 36500"),
        ("runtime: {limits: {max_pages: true}}", "runtime.limits.max_pages: must be a number (is true)"),
        (
            "runtime: {limits: {max_pages: many}}",
            "runtime.limits.max_pages: must be a whole number (is many)",
        ),
        ("runtime: [a]", "runtime: must be a mapping of keys to values (is a list)"),
        ("- a", "pipeline.yaml:1: must be a mapping of keys to values (is a list)"),
        (
            source("ftp", "{}"),
            "pipeline.yaml:2: stream_sources.a: unknown type ftp; known here: filesystem, kafka, s3, webhook",
        ),
        ("stream_sources: {a: {type: s3}}", "stream_sources.a.config.bucket: is required"),
        ("runtime: {payload_store: 's4://bucket'}", "runtime.payload_store: must be a folder, or an address"),
        (
            "processing_pipeline: {output_streams: [{type: parquet, config: {url: 'ftpp://x'}}]}",
            "output_streams[0].config.url: must be a folder, or an address of a kind that fsspec knows",
        ),
        (source("filesystme", "{}"), "unknown type filesystme; did you mean filesystem?"),
        ("stream_sources: {a: {config: {}}}", "stream_sources.a: needs a `type`"),
        *(
            (f"stream_sources: {{{name}: {{type: webhook, config: {{}}}}}}", f"{name} is what the gateway's")
            for name in ("submissions", "rest", "websocket")
        ),
        (source("filesystem", "{}"), "stream_sources.a.config.watch_directories: is required"),
        (source("filesystem", "{watch_directories: []}"), "watch_directories: must not be empty"),
        (
            source("filesystem", "{watch_directories: [{path: a, priorty: high}]}"),
            "stream_sources.a.config.watch_directories[0].priorty: unknown key; did you mean priority?",
        ),
        (source("filesystem", '{watch_directories: [""]}'), "watch_directories[0]: must not be empty"),
        ("runtime: {state_directory: ''}", "runtime.state_directory: must not be empty"),
        (source("webhook", "{max_payload_size: 50XB}"), "max_payload_size: must be a size such as 50MB"),
        (
            "processing_pipeline: {swarm_config: {min_agents: 5, max_agents: 2}}",
            "processing_pipeline.swarm_config.max_agents: must be at least min_agents (5) (is 2)",
        ),
        (
            "processing_pipeline: {buffer_config: {max_buffer_size: 3, batch_size: 4}}",
            "batch_size: must not exceed max_buffer_size (3) (is 4)",
        ),
        ("runtime: {\n", "pipeline.yaml:2: not valid YAML"),
        (
            "a: {b: c: d}",
            "is not closed, or a comma or the quotes of a text with one of : , [ ] { } are missing",
        ),
        (f"runtime: {'[' * 3000}{']' * 3000}", "pipeline.yaml:1: nested too deeply"),
        (f"runtime: {'[' * 200_000}{']' * 200_000}", "pipeline.yaml:1: nested too deeply"),
        ("- " * 200_000, "pipeline.yaml:1: nested too deeply"),
        (
            "runtime:\n  log: embedded\n  log: kafka\n",
            "pipeline.yaml:2: runtime.log: given twice, also on line 3",
        ),
        (
            "runtime:\n\tlog: kafka\n",
            "pipeline.yaml:2: not valid YAML: found character that cannot start any",
        ),
        ("runtime:\n\tlog: kafka\n", "(lines are indented by spaces, not by tabs)"),
        ("runtime:\n  log: kafka\n\tx: y\n", "pipeline.yaml:3: not valid YAML: found a tab character"),
        (source("filesystem", "{file_patterns: [*.pdf]}"), "(a text that begins with * is put in quotes)"),
        (
            "a: b\nc: *x\n",
            "pipeline.yaml:2: not valid YAML: found undefined alias (a text that begins with *",
        ),
        ("a: @b\n", "(a text that begins with @ is put in quotes)"),
        ("a: !b c\n", "(a text that begins with ! is put in quotes)"),
        ("a: b: c\n", "(a text with ': ' in it is put in quotes; else look at the indentation)"),
        ('a:\n  b: "c\n\n', "(what begins on line 2 is not closed)"),
        ("a: [b\nc: d\n", "(what begins on line 1 is not closed, or a comma or the quotes"),
        ('a: [\n\tb,\n\t"c" d\n]', "(what begins on line 1 is not closed, or a comma or the quotes"),
        ("a: & b", "(a text that begins with & is put in quotes)"),
        ("a: 'it's'", "(a quote ends before its text does; else look at the indentation)"),
        ('a: "C:\\docs"\n', "(in double quotes a \\ begins an escape: take single ones)"),
        ("ä: b\na: \x01", "pipeline.yaml:2: not valid YAML: a character that may not stand in it"),
        ("runtime: {retention_days: 2026-13-45}", "retention_days: must be a number (is 2026-13-45)"),
        ("runtime: {retention_days: !!int ''}", "retention_days: must be a number"),
        ("2026-13-45: x", "pipeline.yaml:1: 2026-13-45: unknown key"),
        ("a: &x 2026-13-45\nb: *x", "pipeline.yaml:2: b: unknown key"),
        ("runtime: {state_directory: ~nobodyhere/x}", "no such home is known here"),
        ("a: &x [*x]", "pipeline.yaml:1: a[0]: an alias must not contain itself"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(text: str, said: str) -> None:
    assert any(said in line for line in problems(text)), problems(text)


def test_a_sentence_that_names_what_is_wrong_does_not_say_what_it_is_in() -> None:
    assert problems(source("filesystem", "{watch_directories: [a]}").replace("a:", "b!:")) == [
        "pipeline.yaml:2: stream_sources.b!: a source's name has letters, digits, _ - and . only"
    ]
    assert problems(source("ftp", "{}")) == [
        "pipeline.yaml:2: stream_sources.a: unknown type ftp; known here: filesystem, kafka, s3, webhook"
    ]


def test_each_wrong_name_of_a_source_is_told_on_its_line() -> None:
    text = "stream_sources:\n  b!: {type: webhook}\n  rest: {type: webhook}\n  c: {type: webhook}\n"
    assert [line.split(": ")[:2] for line in problems(text)] == [
        ["pipeline.yaml:2", "stream_sources.b!"],
        ["pipeline.yaml:3", "stream_sources.rest"],
    ]


@pytest.mark.parametrize(
    ("text", "block"),
    [
        ("runtime: {max_pages: 3}", "runtime.limits"),
        ("max_agents: 3", "processing_pipeline.swarm_config"),
        ("processing_pipeline: {port: 80}", ""),
        ("stream_sources: {a: {type: filesystem, config: {watch_directories: [b], kind: c}}}", ""),
        ("stream_sources: {a: {type: s3, bucket: b, config: {bucket: b}}}", "stream_sources.a.config"),
        (
            "processing_pipeline: {output_streams: [{type: files, format: xml}]}",
            "processing_pipeline.output_streams[0].config",
        ),
    ],
)
def test_a_key_that_another_block_knows_is_told_to_belong_there(text: str, block: str) -> None:
    (told,) = problems(text)
    assert told.rpartition("unknown key here; it belongs in ")[2] == block or (
        not block and "unknown key; known here: " in told
    )


def test_several_problems_are_told_at_once_in_the_files_order() -> None:
    text = (
        source("s3", "{bucket: b, polling_interval_ms: 1}") + "runtime:\n  limits: {max_pages: 0}\nextra: 1\n"
    )
    assert [line.split(":")[1] for line in problems(text)] == ["4", "6", "7"]


def test_variables_are_replaced_and_take_the_type_of_their_content() -> None:
    text = 'runtime:\n  state_directory: "${BASE:-/srv}/state"\n  gateway: {port: "${PORT}", host: "$${x}"}\n'
    loaded = config.parse(text, environment={"PORT": "9000"}).runtime
    assert (str(loaded.state_directory), loaded.gateway.port, loaded.gateway.host) == (
        "/srv/state",
        9000,
        "${x}",
    )


def test_a_home_is_what_a_path_begins_with_and_no_folder_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    text = "{watch_directories: [~/in, {path: '${BASE}/in'}], processed_directory: a/~/b}"
    place = "runtime: {state_directory: ~/state, payload_store: ~/payloads, profiles_directories: [~]}\n"
    loaded = config.parse(
        source("filesystem", text) + place.replace("[~]", "['~']"), environment={"BASE": "~"}
    )
    watched = loaded.stream_sources["a"].config
    assert [each.path for each in watched.watch_directories] == [tmp_path / "in"] * 2  # type: ignore[attr-defined]
    assert watched.processed_directory == Path("a/~/b")  # type: ignore[attr-defined]
    assert loaded.runtime.state_directory == tmp_path / "state"
    assert loaded.runtime.payload_url == str(tmp_path / "payloads")
    assert loaded.runtime.profiles_directories == (tmp_path,)


def test_an_empty_variable_is_not_the_working_directory() -> None:
    text = source("filesystem", '{watch_directories: ["${INBOX}"]}')
    with pytest.raises(ConfigError, match=r"must not be empty \(is what \$\{INBOX\} stands for\)"):
        config.parse(text, environment={"INBOX": ""})


def test_a_variable_cannot_change_the_structure_of_the_file() -> None:
    text = "runtime:\n  state_directory: ${DIR}\n"
    loaded = config.parse(text, environment={"DIR": "x\n  payload_store: s3://elsewhere"})
    assert loaded.runtime.payload_store == "file"


def test_a_variable_that_is_not_set_is_named() -> None:
    assert problems("runtime:\n  state_directory: ${DIR}\n") == [
        "pipeline.yaml:2: runtime.state_directory: the environment variable DIR is not set"
    ]


def test_check_judges_the_file_without_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOKEN", raising=False)
    file = tmp_path / "pipeline.yaml"
    file.write_text(source("webhook", '{token: "${TOKEN}", max_payload_size: "${TOKEN}"}'))
    assert config.check(file) is None
    file.write_text("runtime: {log: {kafka: {bootstrap_servers: '${TOKEN}'}}}\n")
    assert config.check(file) is None
    file.write_text(source("kafka", '{topic: t, sasl.password: "${TOKEN}"}'))
    config.check(file)
    file.write_text(source("webhook", '{token: "${TOKEN}", max_payload: 1}'))
    with pytest.raises(ConfigError, match="did you mean max_payload_size"):
        config.check(file)


def test_secrets_come_from_the_environment_or_a_file_and_are_never_shown(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    text = source("webhook", f'{{token: "${{TOKEN}}", signing_secret: {{file: {tmp_path}/token}}}}')
    loaded = config.parse(text, environment={"TOKEN": "hush"})
    settings = loaded.stream_sources["a"].config
    assert isinstance(settings.token, Secret)
    assert settings.token.get_secret_value() == "hush"
    assert settings.signing_secret.get_secret_value() == "from-file"
    shown = f"{loaded} {loaded!r} {loaded.model_dump_json()} {loaded.model_dump()}"
    assert "hush" not in shown
    assert "from-file" not in shown
    assert "not in the file itself" in problems(source("webhook", "{token: hush}"))[0]
    assert "hush" not in problems(source("webhook", "{token: hush}"))[0]


def test_a_wrong_value_from_the_environment_is_not_shown() -> None:
    (said,) = problems("runtime: {limits: {max_pages: '${N}'}}", N="hush")
    assert said.endswith("must be a whole number (is what ${N} stands for)")


def test_passwords_among_the_client_keys_are_secrets() -> None:
    text = source("kafka", '{topic: t, client: {sasl.username: u, sasl.password: "${P}"}}')
    loaded = config.parse(text, environment={"P": "hush"})
    assert loaded.stream_sources["a"].config.client["sasl.password"].get_secret_value() == "hush"
    assert "hush" not in repr(loaded)
    assert "not in the file itself" in problems(source("kafka", "{topic: t, client: {sasl.password: p}}"))[0]


OUTPUT = "processing_pipeline:\n  output_streams:\n    - type: webhook\n      config: {endpoints: [%s]}\n"


@pytest.mark.parametrize("given", ["${S}", "${S:-}", "${T:-}", "${BLANK}"])
@pytest.mark.parametrize(
    ("text", "setting"),
    [
        (source("webhook", "{token: '%s'}"), "stream_sources.a.config.token"),
        (source("webhook", "{signing_secret: '%s'}"), "stream_sources.a.config.signing_secret"),
        (source("kafka", "{topic: t, sasl.password: '%s'}"), "stream_sources.a.config.sasl.password"),
        (
            source("kafka", "{topic: t, client: {sasl.password: '%s'}}"),
            "stream_sources.a.config.client.sasl.password",
        ),
        (
            OUTPUT % "{url: 'https://a.example', secrets: ['%s']}",
            "processing_pipeline.output_streams[0].config.endpoints[0].secrets[0]",
        ),
    ],
)
def test_an_empty_secret_is_refused_and_its_variable_named(text: str, setting: str, given: str) -> None:
    (said,) = problems(text % given, S="", BLANK=" \n")
    assert said.endswith(f"{setting}: a secret must not be empty (is what {given} stands for)")


def test_a_secrets_file_that_is_empty_is_named_when_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("first")
    secret = Secret(file=tmp_path / "token")
    assert secret.get_secret_value() == "first"
    (tmp_path / "token").write_text("\n")
    with pytest.raises(ConfigError, match=r"the secret's file .*token is empty"):
        secret.get_secret_value()
    assert "a secret must not be empty" in problems(source("webhook", "{token: {file: ''}}"))[0]


def test_without_a_file_an_inbox_is_watched_and_results_are_files_and_an_archive() -> None:
    loaded = config.load(None)
    assert loaded.stream_sources["inbox"].type == "filesystem"
    assert [each.type for each in loaded.processing_pipeline.output_streams] == ["files", "parquet"]
    assert str(loaded.runtime.state_directory) == ".neuraldocflow"


def test_the_usual_variables_work_without_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "broker:9092")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:7070")
    loaded = config.parse(SOURCES_BLOCK)
    assert (
        loaded.runtime.log.kind == "embedded"
    )  # until it is asked for, and its brokers are then found there
    assert config.parse("runtime: {log: kafka}").runtime.log.kafka.brokers() == "broker:9092"
    assert loaded.stream_sources["kafka_consumer"].config.brokers() == "broker:9092"
    assert loaded.stream_sources["s3_bucket_monitor"].config.endpoint() == "http://localhost:7070"


def test_no_brokers_anywhere_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    with pytest.raises(ConfigError, match="bootstrap_servers is not set"):
        config.parse(SOURCES_BLOCK).stream_sources["kafka_consumer"].config.brokers()


@pytest.mark.parametrize("written", ["50MB", "50 mb", 50_000_000, "50000KB"])
def test_sizes_are_decimal_and_binary(written: object) -> None:
    loaded = config.parse(source("webhook", json.dumps({"max_payload_size": written})))
    assert loaded.stream_sources["a"].config.max_payload_size == 50_000_000
    binary = config.parse(source("webhook", "{max_payload_size: 50MiB}"))
    assert binary.stream_sources["a"].config.max_payload_size == 52_428_800


def test_a_type_that_cannot_run_yet_is_refused_when_built_with_a_sentence(tmp_path: Path) -> None:
    loaded = config.parse(SOURCES_BLOCK + PIPELINE_BLOCK)
    entry = loaded.stream_sources["s3_bucket_monitor"]
    if SOURCES.get("s3").build is None:
        with pytest.raises(ConfigError, match="s3_bucket_monitor: source type s3 is not available"):
            SOURCES.build(entry.type, "s3_bucket_monitor", entry.config, SourceContext(tmp_path))
    with pytest.raises(ConfigError, match="unknown output type fax"):
        SINKS.build("fax", "x", entry.config, SinkContext(tmp_path))


def test_a_missing_or_binary_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read: No such file"):
        config.load(tmp_path / "none.yaml")
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not a text file"):
        config.load(tmp_path / "x.yaml")


@pytest.mark.parametrize("url", ["https://hooks..example.com/x", "https://[fe80::1/hook", "https:///x"])
def test_an_endpoint_whose_address_can_be_none_is_told_of_at_the_start(url: str) -> None:
    output = {"type": "webhook", "config": {"endpoints": [{"url": url}]}}
    (line,) = problems(json.dumps({"processing_pipeline": {"output_streams": [output]}}))[-1:]
    assert "endpoints[0].url" in line
    assert "host" in line
