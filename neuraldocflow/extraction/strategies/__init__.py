"""Strategies: ways to find a field's value, each registered under its key in a profile's ``where`` list.

Every module of this folder is one family of them; importing the folder registers all.
"""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
