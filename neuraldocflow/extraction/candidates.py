"""What a strategy finds: a possible value of a field with the evidence for it.

A strategy is one module in ``strategies/`` with one function ``find(document, spec, field, context)`` that
yields :class:`Candidate`, registered by the key it has in a profile's ``where`` list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .model import Document
    from .profile import Field
    from .sections import Section


@dataclass(slots=True)
class Candidate:
    """A possible value. ``raw`` is the text as it stands; the engine normalises it by the field's type."""

    raw: str
    score: float
    """The strategy's own evidence, 0..1, before the field's weights and calibration."""
    start: int = -1
    """Range in ``Document.text``; -1 where the value is not shown (a hidden inline XBRL fact)."""
    end: int = -1
    value: Any = None
    """Already normalised by the strategy (a tagged fact, an object of a table row); else None."""
    ranges: list[tuple[int, int]] = field(default_factory=list)
    """More places that belong to it (the cells of an object), beside ``start``/``end``."""
    context: dict[str, Any] = field(default_factory=dict)
    """What normalising needs beside ``raw``: ``scale``, ``currency``, ``period``."""
    strategy: str = ""
    """Set by the engine: which entry of the field's ``where`` list found it."""
    parts: dict[str, Candidate] | None = None
    """For a field of type object: a candidate for each of its own fields."""
    features: dict[str, float] = field(default_factory=dict)
    """What a ranker judges it by (:mod:`.ranking`)."""


@dataclass(slots=True)
class Context:
    """What strategies share while one document is worked on; ``cache`` lives as long as the document."""

    sections: list[Section]
    data: Mapping[str, Any] = field(default_factory=dict)
    """The profile's learned data: models by name."""
    found: dict[str, Any] = field(default_factory=dict)
    """Fields already decided, by name: a later field may look at an earlier one's value."""
    cache: dict[str, Any] = field(default_factory=dict)


Strategy = Callable[["Document", dict[str, Any], "Field", Context], Iterable[Candidate]]

STRATEGIES: dict[str, Strategy] = {}


def strategy(name: str) -> Callable[[Strategy], Strategy]:
    """Registers a strategy under its key in a profile's ``where`` list."""

    def register(function: Strategy) -> Strategy:
        STRATEGIES[name] = function
        return function

    return register
