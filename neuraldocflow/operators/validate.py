"""Validate: what only a stream can see, as state of each document type.

The profile's own rules were judged with the document; here its result is compared with those before it: the
same content under another name, and fields whose fill rate or confidence has drifted from what was usual.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bytewax.operators import StatefulBatchLogic

from neuraldocflow.dead_letters import DeadLetter, letter_id
from neuraldocflow.deliveries import Delivery
from neuraldocflow.events import Event, NewDocument, ProcessingFailed, QualityValidated, encode
from neuraldocflow.operators.extract import Finished, identity_of
from neuraldocflow.operators.finish import result_of
from neuraldocflow.results import ErrorInfo, ValidationResult
from neuraldocflow.swarm.scheduler import CANCELLED
from neuraldocflow.versions import readable

_VERSION = 1
_CONTENTS = 500
"""Contents remembered a document type."""
_LEARNED = 50
"""Documents after which a profile's usual values are taken as known."""
_SLOW, _FAST = 0.01, 0.1
"""Weights of a new document in the usual value and in the recent one (exponential averages)."""
_DRIFT = 0.3
"""The difference of recent from usual that is told."""
_FIELDS, _LONGEST_NAME = 1000, 256
"""Fields of a profile that are remembered, and characters of their names: a profile has fewer, but an agent
that a hostile document has taken over can name any."""

Validated = Event | Delivery | DeadLetter


class Validate(StatefulBatchLogic[Finished, Validated, dict[str, Any]]):
    """Completes results with the stream's verdicts; one logic a profile."""

    def __init__(self, state: dict[str, Any] | None) -> None:
        known = readable("validate", state, (_VERSION,)) or {}
        self._contents: dict[str, str] = dict(known.get("contents", ()))
        self._usual: dict[str, list[float]] = dict(known.get("usual", ()))
        self._count: int = known.get("count", 0)
        counts: dict[str, int] = known.get("counts", {})  # an earlier release had the profile's alone
        self._counts = {name: counts.get(name, self._count) for name in self._usual}
        """Of each field, the documents it was looked for in: a profile may be given one at any time."""
        finds: dict[str, int] = known.get("found", {})
        self._found = {name: finds.get(name, count) for name, count in self._counts.items()}
        """And those it was found in: of them its usual confidence is."""

    def on_batch(self, values: list[Finished]) -> tuple[list[Validated], bool]:
        out: list[Validated] = []
        for finished in values:
            result = result_of(finished)
            event = finished.document
            identity = identity_of(event)
            if result["status"] == "failed":
                error = ErrorInfo.model_validate(result["error"])
                out.append(
                    ProcessingFailed(**identity, error=error, retry_suggestions=error.retry_suggestions)
                )
            else:
                result["validationResults"].extend(self._verdicts(event, result))
                verdicts = [ValidationResult.model_validate(each) for each in result["validationResults"]]
                score = result["extractedData"]["confidence"]
                out.append(
                    QualityValidated(**identity, validation_results=_plain(verdicts), confidence_score=score)
                )
            out.append(Delivery(event, result))
            if result["status"] == "failed" and result["error"]["message"] != CANCELLED.message:
                out.append(_dead_letter(event, result))
        return out, self._count == 0  # of names that are no profile's there may be any number

    def on_notify(self) -> tuple[list[Validated], bool]:
        return [], StatefulBatchLogic.RETAIN

    def on_eof(self) -> tuple[list[Validated], bool]:
        return [], StatefulBatchLogic.RETAIN

    def notify_at(self) -> datetime | None:
        return None

    def snapshot(self) -> dict[str, Any]:
        return {
            "version": _VERSION,
            "contents": list(self._contents.items()),
            "usual": {name: list(four) for name, four in self._usual.items()},
            "count": self._count,
            "counts": dict(self._counts),
            "found": dict(self._found),
        }

    def _verdicts(self, event: NewDocument, result: dict[str, Any]) -> list[dict[str, Any]]:
        return [*self._repeated(event, result), *self._drifted(result)]

    def _repeated(self, event: NewDocument, result: dict[str, Any]) -> list[dict[str, Any]]:
        # of the tenant's own: what others have sent is nobody else's business
        content = f"{result['metadata']['sha256'][:24]}:{event.tenant}"
        document, first = event.id, self._contents.setdefault(content, event.id)
        while len(self._contents) > _CONTENTS:
            del self._contents[next(iter(self._contents))]
        if first == document:
            return []
        return [
            _verdict("repeated_content", "info", f"The same content came before, as document {first}", [])
        ]

    def _drifted(self, result: dict[str, Any]) -> list[dict[str, Any]]:
        """Each field's usual and recent fill rate and confidence; a verdict where they have parted."""
        self._count += 1
        told: list[dict[str, Any]] = []
        for name, found in result["extractedData"]["fields"].items():
            if name not in self._usual and (len(self._usual) >= _FIELDS or len(name) > _LONGEST_NAME):
                continue
            several = found if isinstance(found, list) else [found] if found else []
            filled = float(bool(several))
            surest = max((each["confidence"] for each in several), default=None)
            before = self._usual.get(name)
            usual_fill, recent_fill, usual_sure, recent_sure = before or [
                filled,
                filled,
                surest or 0.0,
                surest or 0.0,
            ]
            count = self._counts[name] = self._counts.get(name, 0) + 1
            usual_fill += _weight(count, _SLOW) * (filled - usual_fill)
            recent_fill += _FAST * (filled - recent_fill)
            if surest is not None:
                finds = self._found[name] = self._found.get(name, 0) + 1
                if finds == 1:
                    usual_sure = recent_sure = surest
                usual_sure += _weight(finds, _SLOW) * (surest - usual_sure)
                recent_sure += _FAST * (surest - recent_sure)
            self._usual[name] = [usual_fill, recent_fill, usual_sure, recent_sure]
            if count < _LEARNED:
                continue
            if abs(usual_fill - recent_fill) > _DRIFT:
                told.append(_drift(name, "found", usual_fill, recent_fill))
            elif usual_sure - recent_sure > _DRIFT and self._found.get(name, 0) >= _LEARNED:
                told.append(_drift(name, "sure", usual_sure, recent_sure))
        return told


def _dead_letter(event: NewDocument, result: dict[str, Any]) -> DeadLetter:
    """The failed document as it came: what a redrive submits again."""
    error = result["error"]
    return DeadLetter(
        event.id,
        encode(event),
        error["code"],
        f"{error['code']}: {error['message']}",
        event.origin,
        letter_id(event.id, event.run),
        attempts=result["metadata"]["attempt"] or 0,
        payload=event.source.uri,
    )


def _weight(count: int, least: float) -> float:
    """The plain mean at first, an exponential average later."""
    return max(1 / count, least)


def _drift(name: str, what: str, usual: float, recent: float) -> dict[str, Any]:
    sentence = (
        f"{name} was found in {recent:.0%} of recent documents, usually in {usual:.0%}"
        if what == "found"
        else f"{name} has a confidence of {recent:.2f} in recent documents, usually {usual:.2f}"
    )
    return _verdict("drift", "warning", sentence, [name])


def _verdict(rule: str, severity: str, message: str, fields: list[str]) -> dict[str, Any]:
    return {"rule": rule, "severity": severity, "passed": False, "message": message, "fields": fields}


def _plain(verdicts: list[ValidationResult]) -> list[ValidationResult]:
    """Those that say something: events need not repeat every rule that passed."""
    return [each for each in verdicts if not each.passed]
