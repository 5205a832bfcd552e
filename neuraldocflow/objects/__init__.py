"""What an S3 source needs: clients, the listing, queue messages, a ledger of what is done, and fetching.

``connectors/s3.py`` is the source built from these; start there.
"""
