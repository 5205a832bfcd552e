"""A submitted job: the dataflow's processes and the gateway, kept running on this machine or on Kubernetes.

``local.py`` submits, scales and stops it here, ``host.py`` is the process that stays, ``kubernetes.py`` does
the same with a cluster's API; ``standing.py`` tells how it goes.
"""
