"""What does not answer, as several threads find it out at the same time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from neuraldocflow.outages import Outage, lasting


def test_what_one_thread_finds_away_and_another_back_lasts_or_does_not_but_is_told_as_it_is() -> None:
    place, ended = "a place that many are fetched from", threading.Event()

    def look() -> None:
        while not ended.is_set():
            lasting()

    def is_back(outage: Outage) -> None:
        for _ in range(20):
            outage.over()

    with ThreadPoolExecutor(4) as pool:
        lookers = [pool.submit(look) for _ in range(2)]
        try:
            for _ in range(5000):
                outage = Outage(place)
                for each in (pool.submit(outage.goes_on, "refused"), pool.submit(is_back, outage)):
                    each.result()
                assert (place in [each.what for each in lasting()]) == outage.lasts
                outage.over()
        finally:
            ended.set()
    assert not any(looker.exception() for looker in lookers)
