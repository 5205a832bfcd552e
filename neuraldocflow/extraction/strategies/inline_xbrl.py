"""Values that the document itself tags: the facts of inline XBRL."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..candidates import Candidate, Context, strategy
from ..model import Document, Fact

if TYPE_CHECKING:
    from ..profile import Field

_NEAR = 16
"""Days a fact's end may be off the fiscal year's: 52/53-week years are tagged by the month's end."""


@strategy("inline_xbrl")
def inline_xbrl(
    document: Document, spec: dict[str, Any], field: Field, context: Context
) -> Iterator[Candidate]:
    """Facts named by ``concept`` (in order of preference) of the document's fiscal period.

    ``period``: ``any`` (default, for the cover), ``year`` for what flows over the fiscal year, ``instant``
    for what stands at its end. ``shown: true`` gives the words on the page instead of the tagged value,
    ``members: true`` takes facts of classes and other parts too, ``digits`` joins the concepts' digits.
    """
    if not document.facts:
        return
    facts = _facts(document, context)
    wanted = [spec["concept"]] if isinstance(spec["concept"], str) else list(spec["concept"])
    if spec.get("digits"):
        yield from _digits(facts, wanted)
        return
    period = spec.get("period", "any")
    for rank, name in enumerate(wanted):
        found = [fact for fact in facts[name] if _given(fact)]
        chosen = [fact for fact in found if not fact.context.get("members")]
        if spec.get("members") and (field.type == "list" or not chosen):
            chosen = found
        if period != "any":
            chosen = _of_period(chosen, period, _fiscal_period(facts))
        for fact in chosen if field.type == "list" else chosen[:1]:
            yield _candidate(fact, field, bool(spec.get("shown")), 0.98 - 0.04 * rank)
        if chosen:
            return


def _facts(document: Document, context: Context) -> dict[str, list[Fact]]:
    if "xbrl_facts" not in context.cache:
        named: dict[str, list[Fact]] = defaultdict(list)
        for fact in document.facts:
            named[fact.name].append(fact)
        context.cache["xbrl_facts"] = named
    facts: dict[str, list[Fact]] = context.cache["xbrl_facts"]
    return facts


def _given(fact: Fact) -> bool:
    return fact.value is not None and fact.value != ""


def _digits(facts: dict[str, list[Fact]], wanted: list[str]) -> Iterator[Candidate]:
    """The digits of several facts as one value, as a telephone number is tagged in two."""
    present = [fact for name in wanted for fact in [fact for fact in facts[name] if _given(fact)][:1]]
    digits = "".join(letter for fact in present for letter in str(fact.value) if letter.isdigit())
    if digits:
        first, *others = present
        yield Candidate(
            " ".join(fact.raw for fact in present),
            0.97 if len(present) == len(wanted) else 0.7,
            first.start,
            first.end,
            value=digits,
            ranges=[(fact.start, fact.end) for fact in others if fact.start >= 0],
        )


def _date(text: Any) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(str(text)[:10])
    except ValueError:
        return None


def _fiscal_period(facts: dict[str, list[Fact]]) -> tuple[datetime.date | None, int]:
    """(last day, days) of the fiscal year, as the cover page tags it."""
    for name in ("dei:DocumentPeriodEndDate", "dei:DocumentType", "dei:EntityRegistrantName"):
        for fact in facts[name]:
            start, end = _date(fact.context.get("start")), _date(fact.context.get("end"))
            told = _date(fact.value) if name == "dei:DocumentPeriodEndDate" else None
            if start is not None and end is not None:
                return told or end, (end - start).days
    return None, 365


def _of_period(facts: list[Fact], period: str, fiscal: tuple[datetime.date | None, int]) -> list[Fact]:
    """Facts at or over the fiscal year, the nearest to its end first."""
    last, days = fiscal
    found: list[tuple[int, int, Fact]] = []
    for order, fact in enumerate(facts):
        end = _date(fact.context.get("instant" if period == "instant" else "end"))
        if end is None:
            continue
        if period == "year":
            start = _date(fact.context.get("start"))
            if start is None or abs((end - start).days - days) > _NEAR:
                continue
        away = 0 if last is None else abs((end - last).days)
        if away <= _NEAR:
            found.append((away, order, fact))
    if last is None and found:
        newest = max(str(fact.context.get("instant") or fact.context.get("end")) for _, _, fact in found)
        found = [
            each
            for each in found
            if newest == str(each[2].context.get("instant") or each[2].context.get("end"))
        ]
    return [fact for _, _, fact in sorted(found, key=lambda each: each[:2])]


def _candidate(fact: Fact, field: Field, shown: bool, score: float) -> Candidate:
    value: Any = " ".join(fact.raw.split()) if shown and fact.raw.strip() else fact.value
    if isinstance(value, bool) and field.type in ("enum", "string"):
        value = "Yes" if value else "No"
    unit = str(fact.context.get("unit") or "")
    told = {"currency": unit.rsplit(":", 1)[-1].upper()} if field.type == "money" and unit else {}
    if field.type == "identifier" or isinstance(value, str):
        # texts go through the field's own normalising: identifiers, dates and enums have one form
        # and a comma behind a city, tagged with it, is the address's
        return Candidate(str(value).strip(" ,;"), score, fact.start, fact.end, context=told)
    return Candidate(fact.raw, score, fact.start, fact.end, value=value, context=told)
