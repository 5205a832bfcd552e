"""Webhooks sent: signed by Standard Webhooks, tried again on a schedule that survives accidents.

``receivers.py`` says who is told what, ``signing.py`` what a secret is, ``pool.py`` posts, beside the
dataflow, ``schedule.py`` says when and whether to try again; the operator that keeps what is undelivered is
``neuraldocflow/operators/deliver.py``. ``redelivery.py`` posts once more what it has given up.
"""
