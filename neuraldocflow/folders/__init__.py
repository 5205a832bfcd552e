"""What watching a folder needs: a walk, a ledger of what is done, and moves that never overwrite.

``connectors/filesystem.py`` is the source built from these; start there.
"""
