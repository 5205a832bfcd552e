"""NeuralDocFlow: documents in, validated and traceable data out.

Start with :mod:`neuraldocflow.extraction` for one document, and with ``dataflows/documents.py`` for the
stream. Importing this package imports nothing else, so that the extraction core also runs where Pydantic
and Bytewax do not exist (a browser).
"""

__version__ = "0.1.0"
