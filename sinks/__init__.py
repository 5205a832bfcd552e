"""Outputs: one module a type, each with its config model, its guarantee and its registration.

Importing this package registers every module in it; ``SINKS`` then knows the types. Start with
``sinks/files.py``.
"""

from importlib import import_module
from pkgutil import iter_modules

from neuraldocflow.components import SINKS, SinkContext

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["SINKS", "SinkContext"]
