"""Scores extraction against documents with truth: ``python -m neuraldocflow.evaluate``.

:mod:`.scoring` says when a value is right, :mod:`.measures` counts, :mod:`.run` extracts many documents at
once, :mod:`.report` prints.
"""
