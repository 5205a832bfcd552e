"""Sources: one module a type, each with its config model, its guarantee and its registration.

Importing this package registers every module in it; ``SOURCES`` then knows the types. Start with
``connectors/filesystem.py``.
"""

from importlib import import_module
from pkgutil import iter_modules

from neuraldocflow.components import SOURCES, Acknowledgement, SourceContext

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["SOURCES", "Acknowledgement", "SourceContext"]
