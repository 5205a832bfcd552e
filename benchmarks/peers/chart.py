"""Rates as horizontal bars, in SVG."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from xml.sax.saxutils import escape

_LEFT, _WIDTH, _LINE, _GAP = 130, 480, 20, 34


def chart(sets: Mapping[str, Mapping[str, float]], ours: Collection[str]) -> str:
    """A group of bars for each set on a scale of its own, the fastest first; ``ours`` in another colour."""
    parts: list[str] = []
    y = 0
    for name, rates in sets.items():
        y += _GAP
        parts.append(f'<text x="0" y="{y - 8}" font-weight="bold">{escape(name)}, documents/s</text>')
        most = max(rates.values())
        for each, rate in sorted(rates.items(), key=lambda item: -item[1]):
            length = max(_WIDTH * rate / most, 1)
            colour = "#2563eb" if each in ours else "#9ca3af"
            parts.append(
                f'<text x="{_LEFT - 8}" y="{y + 14}" text-anchor="end">{escape(each)}</text>'
                f'<rect x="{_LEFT}" y="{y + 3}" width="{length:.1f}" height="14" fill="{colour}"/>'
                f'<text x="{_LEFT + length + 6:.1f}" y="{y + 14}">{rate:.3g}</text>'
            )
            y += _LINE
    width = _LEFT + _WIDTH + 60
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 0 {width + 10} {y + 10}" width="{width}" '
        f'font-family="sans-serif" font-size="12"><rect x="-10" width="100%" height="100%" fill="#fff"/>'
        f"{''.join(parts)}</svg>\n"
    )
