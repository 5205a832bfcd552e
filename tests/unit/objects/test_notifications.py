"""What a queue's messages say about objects."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.s3_events import TEST_EVENT, from_eventbridge, plain, through_sns

from neuraldocflow.objects.notifications import Announced, NotANotification, parse

KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=40)


@given(KEYS)
def test_every_key_is_the_same_in_all_three_forms(key: str) -> None:
    for form in (plain, through_sns, from_eventbridge):
        (found,) = parse(form("inbox", key, "abc", 7))
        assert (found.bucket, found.key, found.etag, found.size) == ("inbox", key, "abc", 7)


def test_eventbridge_through_a_topic_is_understood() -> None:
    wrapped = json.dumps({"Type": "Notification", "Message": from_eventbridge("inbox", "a b.pdf", "abc")})
    assert [each.key for each in parse(wrapped)] == ["a b.pdf"]


def test_one_message_may_tell_of_several_objects() -> None:
    both = [json.loads(plain("inbox", key, "abc"))["Records"][0] for key in ("a", "b")]
    assert [each.key for each in parse(json.dumps({"Records": both}))] == ["a", "b"]


def test_what_a_message_does_not_say_is_absent() -> None:
    (found,) = parse(plain("inbox", "a", None, None))
    assert found == Announced("inbox", "a", "", None, "", "0055AED6DC")


def test_the_version_null_of_an_unversioned_key_is_none() -> None:
    assert [each.version_id for each in parse(plain("inbox", "a", "e", versionId="null"))] == [""]
    assert [each.version_id for each in parse(plain("inbox", "a", "e", versionId="v1"))] == ["v1"]


@pytest.mark.parametrize(
    "body",
    [
        TEST_EVENT,
        json.dumps({"Type": "Notification", "Message": TEST_EVENT}),
        plain("inbox", "a", "e", name="ObjectRemoved:Delete"),
        plain("inbox", "a", "e", name="s3:ObjectRemoved:Delete"),
        from_eventbridge("inbox", "a", "e", kind="Object Deleted"),
        json.dumps({"Records": []}),
    ],
)
def test_test_events_and_removals_tell_of_no_new_object(body: str) -> None:
    assert parse(body) == []


def test_event_names_with_a_prefix_as_other_servers_send_them_count() -> None:
    assert len(parse(plain("inbox", "a", "e", name="s3:ObjectCreated:Put"))) == 1


@pytest.mark.parametrize(
    "body",
    [
        "hello",
        "[]",
        "null",
        "{}",
        '{"Records": [1]}',
        '{"Records": [{"s3": {}, "eventName": "ObjectCreated:Put"}]}',
        plain("inbox", "", "e"),
        plain(7, "a", "e"),  # type: ignore[arg-type]
        '{"source": "aws.s3", "detail": {}, "detail-type": "Object Created"}',
        json.dumps({"Type": "Notification", "Message": "hello"}),
    ],
)
def test_anything_else_is_refused_without_quoting_it(body: str) -> None:
    with pytest.raises(NotANotification) as told:
        parse(body)
    assert "hello" not in str(told.value)


NAMES = st.sampled_from(
    ["Records", "s3", "object", "bucket", "key", "name", "Type", "Message", "eventName", "detail", "source"]
)
JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(["aws.s3", "Notification"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
)


@given(JSON)
def test_any_json_is_understood_or_refused(value: object) -> None:
    with contextlib.suppress(NotANotification):
        assert isinstance(parse(json.dumps(value)), list)
