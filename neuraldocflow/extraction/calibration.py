"""From a strategy's score to a probability that the value is right, as measured on documents with truth.

A calibration is data of the profile: for keys ``FIELD/STRATEGY``, ``FIELD``, ``/STRATEGY`` and ``*`` a list
of ``[score, probability]`` points with rising scores; between points it is linear (isotonic regression gives
the points, so that they never fall). The most specific key there is counts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

Points = Sequence[Sequence[float]]


def probability(calibration: Mapping[str, Points], field: str, strategy: str, score: float) -> float:
    """The calibrated confidence of a value, 0..1; the score itself where nothing was measured."""
    for key in (f"{field}/{strategy}", field, f"/{strategy}", "*"):
        if key in calibration:
            return interpolate(calibration[key], score)
    return min(max(score, 0.0), 1.0)


def interpolate(points: Points, score: float) -> float:
    """Linear between the points, constant above them; below the first, where nothing was measured, it falls
    to nothing."""
    scores = [point[0] for point in points]
    at = bisect_right(scores, score)
    if at == 0:
        return float(points[0][1]) * score / points[0][0] if score > 0 else 0.0
    if at == len(points):
        return float(points[-1][1])
    (x0, y0), (x1, y1) = points[at - 1], points[at]
    return float(y0 + (y1 - y0) * (score - x0) / (x1 - x0))


def isotonic(samples: Sequence[tuple[float, bool]], prior: float, strength: float = 2.0) -> list[list[float]]:
    """Points fitted to (score, right) samples by pooling adjacent violators: both ends of each pool.

    Each pool is drawn to ``prior`` by ``strength`` samples, so that a few lucky ones don't promise certainty.
    """

    def share(pool: Sequence[float]) -> float:
        return (pool[2] + prior * strength) / (pool[3] + strength)

    pools: list[list[float]] = []  # [lowest score, highest score, right ones, samples]
    by_score: dict[float, list[float]] = {}
    for score, right in samples:
        entry = by_score.setdefault(round(score, 4), [0.0, 0.0])
        entry[0] += right
        entry[1] += 1
    for score in sorted(by_score):
        pools.append([score, score, *by_score[score]])
        while len(pools) > 1 and share(pools[-2]) >= share(pools[-1]):
            _, highest, ones, count = pools.pop()
            pools[-1] = [pools[-1][0], highest, pools[-1][2] + ones, pools[-1][3] + count]
    return [[end, round(share(pool), 4)] for pool in pools for end in dict.fromkeys(pool[:2])]
