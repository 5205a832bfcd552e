"""Who may do what: keys, scopes, rates, tenants, the webhook source's own ways."""

from __future__ import annotations

import asyncio
import base64
import http.client
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from standardwebhooks.webhooks import Webhook
from support.command import neuraldocflow
from support.gateway import Gateway, Talk, letter, result, submit

from neuraldocflow.gateway.keys import KeyStore


def run(work: Any) -> Any:
    return asyncio.run(work)


async def code(answer: aiohttp.ClientResponse) -> tuple[int, str]:
    return answer.status, (await answer.json())["code"]


def test_without_a_valid_key_nothing_is_told(gateway: Gateway) -> None:
    async def work() -> None:
        paths = ["/api/v1/jobs", "/api/v1/jobs/x", "/api/v1/jobs/x/result", "/api/v1/jobs/x/events"]
        paths += ["/api/v1/profiles", "/api/v1/jobs/x/pages/1.png", "/api/v1/jobs/x/annotated.pdf"]
        async with aiohttp.ClientSession(gateway.url) as anyone:
            for headers in ({}, {"Authorization": "Bearer ndf_1_2"}, {"Authorization": "Basic eDp4"}):
                for path in paths:
                    answer = await anyone.get(path, headers=headers)
                    assert await code(answer) == (401, "unauthorized"), path
            in_address = await anyone.get(f"/api/v1/jobs?token={gateway.local_key}")
            assert in_address.status == 401
            refused = await anyone.post("/api/v1/documents", data=letter())
            assert await code(refused) == (401, "unauthorized")

    run(work())


def test_scopes_rates_and_quotas_hold_and_a_revoked_key_ends(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.http(gateway.key("t1", scopes=("read",))) as session:
            assert await code(await session.post("/api/v1/documents", data=letter())) == (403, "unauthorized")
            assert (await session.get("/api/v1/jobs")).status == 200
        async with gateway.http(gateway.key("t2", scopes=("submit",))) as session:
            assert (await session.post("/api/v1/documents", data=letter())).status == 202
            assert await code(await session.get("/api/v1/jobs")) == (403, "unauthorized")
        async with gateway.http(gateway.key("t3", rate=3)) as session:
            answers = [await session.get("/api/v1/jobs") for _ in range(5)]
            assert [each.status for each in answers] == [200, 200, 200, 429, 429]
            assert int(answers[-1].headers["Retry-After"]) > 0
        async with gateway.http(gateway.key("fast", rate=150)) as session:
            answers = [await session.get("/api/v1/jobs") for _ in range(200)]
            refused = [each for each in answers if each.status == 429]
            assert refused
            assert {each.headers["Retry-After"] for each in refused} == {"1"}
        async with gateway.http(gateway.key("t4", quota=2)) as session:
            sent = [await session.post("/api/v1/documents", data=letter(number)) for number in range(3)]
            assert [each.status for each in sent] == [202, 202, 429]
            assert (await session.post("/api/v1/documents", data=letter(0))).status == 429
        text = gateway.key("t5")
        async with gateway.http(text) as session:
            assert (await session.get("/api/v1/jobs")).status == 200
            gateway.keys.revoke(text.split("_")[1])
            assert (await session.get("/api/v1/jobs")).status == 401

    run(work())


def test_what_is_kept_counts_whether_or_not_it_becomes_a_job(gateway: Gateway) -> None:
    """Else a key with a quota could fill the disk."""

    def kept() -> set[Path]:
        payloads = gateway.folder.root / ".neuraldocflow" / "payloads"
        return {path for path in payloads.rglob("*") if path.is_file()}

    async def work() -> None:
        async with gateway.stream(gateway.key("q1", quota=2)) as socket:
            talk = Talk(socket)
            for number in (1, 2):
                begun = (await talk.ask("upload_begin", filename="a.html"))["payload"]["upload_id"]
                await talk.ask("upload_chunk", upload_id=begun)
                await socket.send(letter(900 + number))
                await talk.ask("upload_end", upload_id=begun)
            assert (await talk.ask("upload_begin", filename="a.html"))["payload"]["code"] == "rate_limited"
            whole = {"source": "file", "content": begun}
            asked = {"document": whole, "profile": "generic", "options": {}}
            assert (await talk.ask("process_document", **asked))["type"] == "response"
            again = await talk.ask("process_document", **asked, idempotencyKey="another job")
            assert again["payload"]["code"] == "rate_limited"
        before = kept()
        async with gateway.http(gateway.key("q2", quota=1)) as session:
            sent = await session.post("/api/v1/documents?priority=soon", data=letter(910))
            assert sent.status == 400
            assert kept() == before
            form = aiohttp.FormData({"priority": "soon"})
            form.add_field("file", letter(911), filename="a.html")
            assert (await session.post("/api/v1/documents", data=form)).status == 400
            assert (await session.post("/api/v1/documents", data=letter(912))).status == 429
        async with gateway.http(gateway.key("q3", quota=2)) as session:
            named = {"Idempotency-Key": "one"}
            sent = [
                await session.post("/api/v1/documents", data=letter(number), headers=named)
                for number in (920, 921, 922)
            ]
            assert [each.status for each in sent] == [202, 422, 429]

    run(work())


def test_what_a_key_may_not_do_is_said_in_the_same_words_over_http_and_websocket(gateway: Gateway) -> None:
    async def work() -> None:
        reading = gateway.key("t1", scopes=("read",))
        content = base64.b64encode(letter()).decode()
        async with gateway.http(reading) as session, gateway.stream(reading) as socket:
            posted = await session.post("/api/v1/documents", data=letter())
            document = {"source": "base64", "content": content, "filename": "a.html"}
            asked = await Talk(socket).ask("process_document", document=document, profile="auto")
            said = "This key may not do this: it does not have the scope submit."
            assert (await posted.json())["detail"] == asked["payload"]["message"] == said

    run(work())


def test_a_key_that_may_not_read_gets_no_results_by_a_stream(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.stream(gateway.key("t3", scopes=("submit",))) as socket:
            talk = Talk(socket)
            document = {"source": "base64", "content": base64.b64encode(letter(6)).decode()}
            assert "job_id" in (await talk.ask("process_document", document=document))["payload"]
            refused = await talk.ask("start_stream")
            assert refused["payload"]["code"] == "unauthorized"
            assert "the scope read" in refused["payload"]["message"]

    run(work())


def test_one_tenant_sees_nothing_of_another(gateway: Gateway) -> None:
    mine, theirs = gateway.key("mine"), gateway.key("theirs")

    async def work() -> None:
        async with gateway.http(mine) as my, gateway.http(theirs) as their, gateway.stream(theirs) as socket:
            talk = Talk(socket)
            for channel in ("results", "progress", "notifications"):
                await talk.ask("subscribe_channel", channel=channel)
            job = await submit(my, letter(5))
            await result(my, job)
            nothing = await (await their.get("/api/v1/jobs/none")).text()
            for path in ("", "/result", "/events", "/pages/1.png", "/annotated.pdf"):
                answer = await their.get(f"/api/v1/jobs/{job}{path}")
                assert answer.status == 404
                assert await answer.text() == nothing
            assert (await their.delete(f"/api/v1/jobs/{job}")).status == 404
            assert (await their.post(f"/api/v1/jobs/{job}/retry")).status == 404
            assert (await (await their.get("/api/v1/jobs")).json())["jobs"] == []
            for action in ("subscribe", "get_job", "cancel_job"):
                refused = await talk.ask(action, job_id=job)
                assert refused["payload"]["message"] == "There is no such job, or it is another tenant's."
            assert await submit(their, letter(5)) != job
            assert (await talk.until("result"))["data"]["jobId"] != job
            assert job not in str(talk.events)

    run(work())


def test_the_webhook_source_takes_documents_with_its_limits(gateway: Gateway) -> None:
    async def work() -> None:
        async with gateway.http() as session:
            raw = await session.post("/api/v1/documents/webhook?filename=hook.html", data=letter(60))
            assert raw.status == 202
            made = await result(session, (await raw.json())["job_id"])
            assert made["metadata"]["filename"] == "hook.html"
            large = await session.post("/api/v1/documents/webhook", data=letter() + bytes(30_000))
            assert await code(large) == (413, "too_large")
            fits, does_not = letter(61).ljust(19_000), letter(62).ljust(21_000)  # in base64 as well
            for content, status in ((fits, 202), (does_not, 413)):
                given = {"source": "base64", "content": base64.b64encode(content).decode()}
                answer = await session.post("/api/v1/documents/webhook", json={"document": given})
                assert answer.status == status, await answer.text()
                if status == 202:
                    job = await (await session.get(answer.headers["Location"])).json()
                    assert job["priority"] == "low"  # the source's, where the request says none
        async with aiohttp.ClientSession(gateway.url) as anyone:
            assert (await anyone.post("/api/v1/documents/webhook", data=letter())).status == 401

    run(work())


def test_a_webhook_source_may_have_a_token_of_its_own_a_signature_and_answer_with_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "whsec_" + base64.b64encode(b"s" * 32).decode()
    (tmp_path / "token").write_text("the-token")
    (tmp_path / "secret").write_text(secret)
    sources = {
        "bearer": {"endpoint": "/bearer", "token": {"file": str(tmp_path / "token")}},
        "signed": {
            "endpoint": "/signed",
            "authentication": "signature",
            "signing_secret": {"file": str(tmp_path / "secret")},
            "async_processing": False,
        },
        "both": {
            "endpoint": "/both",
            "authentication": "both",
            "token": {"file": str(tmp_path / "token")},
            "signing_secret": {"file": str(tmp_path / "secret")},
        },
    }

    async def work(gateway: Gateway) -> None:
        async with aiohttp.ClientSession(gateway.url) as session:
            with_token = {"Authorization": "Bearer the-token"}
            assert (await session.post("/bearer", data=letter(1), headers=with_token)).status == 202
            wrong = {"Authorization": "Bearer the-tokem"}
            assert (await session.post("/bearer", data=letter(1), headers=wrong)).status == 401
            for nothing in ({}, {"Authorization": "Bearer "}, with_token):
                (tmp_path / "token").write_text("")  # as a rotation may leave it for a moment
                assert (await session.post("/bearer", data=letter(1), headers=nothing)).status == 503
            (tmp_path / "token").write_text("the-token")
            content = base64.b64encode(letter(9).ljust(15_000_000)).decode()  # longer than other JSON may be
            in_json = {"document": {"source": "base64", "content": content}}
            assert (await session.post("/bearer", json=in_json, headers=with_token)).status == 202
            now = time.time()
            for body, moment, signed, expected in (
                (letter(2), now, letter(2), 200),
                (letter(3), now, letter(4), 401),
                (letter(5), now - 3600, letter(5), 401),
            ):
                answer = await session.post("/signed", data=body, headers=signature(signed, moment))
                assert answer.status == expected, await answer.text()
                if expected == 200:
                    assert (await answer.json())["status"] in ("completed", "partial")
            assert (await session.post("/signed", data=letter(2))).status == 401
            await only_the_signed_name_counts(session, {"/signed": {}, "/both": with_token})
            signed_too = signature(letter(6), now)
            for headers, expected in ((with_token, 401), (signed_too, 401), (with_token | signed_too, 202)):
                assert (await session.post("/both", data=letter(6), headers=headers)).status == expected
            assert await asyncio.to_thread(of_no_time, gateway) == 401

    async def only_the_signed_name_counts(
        session: aiohttp.ClientSession, endpoints: dict[str, dict[str, str]]
    ) -> None:
        """A request somebody has seen is the same job whatever he writes beside what is signed."""
        captured = signature(letter(7), time.time())
        for endpoint, more in endpoints.items():
            told = []
            for name in ({}, {"Idempotency-Key": "one"}, {"Idempotency-Key": "another"}):
                answer = await session.post(endpoint, data=letter(7), headers={**captured, **more, **name})
                assert answer.status in (200, 202), await answer.text()
                told.append(await answer.json())
            assert len({each.get("job_id") or each["jobId"] for each in told}) == 1

    def of_no_time(gateway: Gateway) -> int:
        """The answer to a time in what Unicode calls digits, and no number has."""
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
        headers = {**signature(letter(2), time.time()), "webhook-timestamp": "\xb9\xb2\xb3"}
        connection.request("POST", "/signed", letter(2), headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def signature(body: bytes, moment: float) -> dict[str, str]:
        from datetime import UTC, datetime

        message = f"msg_{len(body)}_{moment}"
        signed = Webhook(secret).sign(message, datetime.fromtimestamp(moment, UTC), body.decode())
        headers = {"webhook-id": message, "webhook-timestamp": str(int(moment)), "webhook-signature": signed}
        return {**headers, "Content-Type": "text/html"}

    configured = {name: {"type": "webhook", "config": config} for name, config in sources.items()}
    with Gateway(tmp_path / "gateway", stream_sources=configured) as gateway:
        run(work(gateway))


def test_keys_are_made_listed_and_revoked_on_the_command_line(tmp_path: Path) -> None:
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return neuraldocflow("keys", *arguments, folder=tmp_path)

    text = command(
        "create", "--name", "reports", "--tenant", "acme", "--scope", "read", "--rate", "60"
    ).stdout
    store = KeyStore(tmp_path / ".neuraldocflow" / "keys.json")
    key = store.authenticate(text.strip())
    assert key is not None
    assert (key.tenant, key.scopes, key.rate) == ("acme", ("read",), 60)
    kept = (tmp_path / ".neuraldocflow" / "keys.json").read_bytes()
    assert text.strip().split("_", 2)[2].encode() not in kept
    assert os.stat(tmp_path / ".neuraldocflow" / "keys.json").st_mode & 0o077 == 0
    assert "reports" in command("list").stdout
    assert yaml.safe_load(command("list", "--json").stdout)[0]["id"] == key.id
    assert command("revoke", key.id).returncode == 0
    assert store.authenticate(text.strip()) is None
    assert command("revoke", key.id).returncode == 2
    assert command("create", "--scope", "everything").returncode == 2


def test_a_public_address_without_keys_is_refused_and_a_key_is_in_no_output(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, with_job=False, gateway={"host": "0.0.0.0"})
    process = gateway.folder.start("gateway", "-c", "job.yaml")
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "neuraldocflow keys create" in told
    local = gateway.key("default")
    (tmp_path / ".neuraldocflow" / "local-key").write_text(local)  # as a start on loopback leaves it
    process = gateway.folder.start("gateway", "-c", "job.yaml")
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "keys create" in told
    text = gateway.key("public")
    with gateway:

        async def work() -> None:
            async with gateway.http(text) as session, gateway.stream(text) as socket:
                assert (await session.get("/api/v1/jobs")).status == 200
                assert (await Talk(socket).ask("ping"))["type"] == "response"

        run(work())
        assert text not in gateway.stop()


@pytest.mark.parametrize(
    ("setting", "text", "told"),
    [
        ("signing_secret", "whsec_no secret", "signing_secret: must be whsec_ and base64"),
        ("signing_secret", "whsec_", "signing_secret: must be whsec_ and base64"),
        ("signing_secret", "", "signing_secret: the secret's file secret is empty"),
        ("token", "\n", "token: the secret's file secret is empty"),
    ],
)
def test_a_secret_that_is_none_is_told_at_the_start(
    tmp_path: Path, setting: str, text: str, told: str
) -> None:
    (tmp_path / "secret").write_text(text)
    authentication = "signature" if setting == "signing_secret" else "bearer_token"
    hook = {"endpoint": "/hook", "authentication": authentication, setting: {"file": "secret"}}
    configured = {"stream_sources": {"hook": {"type": "webhook", "config": hook}}}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(configured))
    done = neuraldocflow("gateway", "-c", "c.yaml", folder=tmp_path)
    assert done.returncode == 2
    assert f"stream_sources.hook.config.{told}" in done.stderr


@pytest.mark.parametrize(
    "endpoint", ["/api/v1/documents", "/api/v1/jobs/x/retry", "/docs/assets/hook", "/a?b=c"]
)
def test_a_webhook_source_whose_endpoint_gets_nothing_is_told_at_the_start(
    tmp_path: Path, endpoint: str
) -> None:
    hook = {"endpoint": endpoint, "authentication": "bearer_token"}
    configured = {"stream_sources": {"hook": {"type": "webhook", "config": hook}}}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(configured))
    done = neuraldocflow("gateway", "-c", "c.yaml", folder=tmp_path)
    assert done.returncode == 2
    assert "stream_sources.hook.config.endpoint: " in done.stderr
