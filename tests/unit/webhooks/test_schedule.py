"""When deliveries are tried again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from neuraldocflow.errors import ConfigError
from neuraldocflow.webhooks.pool import signed_headers
from neuraldocflow.webhooks.schedule import LONGEST, Strategy, pause, retry_after, verdict
from sinks.webhook import WebhookSinkConfig, receivers_of

SECRETS = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2Vjb25kIHNlY3JldCBvZiBhIHJvdGF0aW9u")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((200, "delivered"), (204, "delivered"), (301, "final"), (400, "final"), (404, "final")),
        *((408, "again"), (409, "again"), (410, "gone"), (425, "again"), (429, "again")),
        *((500, "again"), (503, "again")),
    ],
)
def test_what_an_answer_means(status: int, expected: str) -> None:
    assert verdict(status) == expected


@given(
    st.sampled_from(["exponential", "linear", "fixed", "standard"]),
    st.integers(1, 1000),
    st.floats(0.001, 3600),
)
def test_a_pause_is_bounded_and_never_shorter_than_asked(
    strategy: Strategy, attempt: int, first: float
) -> None:
    assert 0 <= pause(strategy, attempt, first) <= LONGEST
    assert pause(strategy, attempt, first, asked=50_000) == 50_000


def test_pauses_grow_as_their_strategy_says() -> None:
    assert [pause("fixed", each, 2) for each in (1, 2, 3)] == [2, 2, 2]
    assert [pause("linear", each, 2) for each in (1, 2, 3)] == [2, 4, 6]
    assert [pause("standard", each, 2) for each in (1, 2, 9)] == [5, 300, 36_000]
    for attempt, most in ((1, 2), (2, 4), (3, 8), (40, LONGEST)):
        drawn = [pause("exponential", attempt, 2) for _ in range(300)]
        assert max(drawn) <= most
        assert max(drawn) > most * 0.8
        assert min(drawn) < most * 0.2


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("120", 120),
        ("999999999", 86_400),
        ("soon", None),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0),
    ],
)
def test_retry_after_is_a_number_or_a_date(text: str | None, seconds: float | None) -> None:
    assert retry_after(text, datetime(2026, 1, 1, tzinfo=UTC)) == seconds


@given(st.text(max_size=40))
def test_any_retry_after_is_a_bounded_number_or_nothing(text: str) -> None:
    found = retry_after(text)
    assert found is None or 0 <= found <= 86_400


@pytest.mark.parametrize("known", SECRETS)
def test_receivers_with_either_secret_of_a_rotation_accept_the_signature(known: str) -> None:
    body = b'{"data": "\xc3\xbc"}'
    Webhook(known).verify(body, signed_headers("msg_1", body, SECRETS))


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_no secret", "whsec_\N{KEY}"])
def test_nothing_is_signed_with_what_is_no_secret(secret: str) -> None:
    with pytest.raises(ConfigError, match="secrets: each must be whsec_ and base64"):
        signed_headers("msg_1", b"{}", [SECRETS[0], secret])


@pytest.mark.parametrize(("text", "told"), [("\n", "is empty"), ("whsec_", "must be whsec_ and base64")])
def test_an_output_whose_secret_is_none_is_told_at_the_start(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "new").write_text(SECRETS[0])
    (tmp_path / "old").write_text(text)
    secrets = [{"file": str(tmp_path / name)} for name in ("new", "old")]
    config = WebhookSinkConfig.model_validate({"endpoints": [{"url": "https://a.b", "secrets": secrets}]})
    with pytest.raises(ConfigError, match=rf"^output\.endpoints\[0\]\.secrets\[1\]: .*{told}"):
        receivers_of(config, "output")
