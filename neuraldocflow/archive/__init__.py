"""The archive: three Parquet datasets (documents, fields, cells), each row once.

``rows.py`` has the schemas, ``datasets.py`` the files, ``spool.py`` what waits to be written, and
``partition.py`` writes it.
``sinks/parquet.py`` is the output built from these; start there.
"""
