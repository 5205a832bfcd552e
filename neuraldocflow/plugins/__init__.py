"""Sources and outputs of your own, each in one file: what such a file imports, and how it is found.

``docs/plugins.md`` has two examples. A file is named in the variable ``NEURALDOCFLOW_PLUGINS`` (several with
``:`` between them); an installed package names its module as an entry point of ``neuraldocflow.plugins``.
"""

from neuraldocflow.plugins.loading import GROUP, VARIABLE, load, require
from neuraldocflow.plugins.outputs import Handler, add_output
from neuraldocflow.plugins.sources import Item, Source, SourceConfig, add_source
from neuraldocflow.values import Section

__all__ = [
    "GROUP",
    "VARIABLE",
    "Handler",
    "Item",
    "Section",
    "Source",
    "SourceConfig",
    "add_output",
    "add_source",
    "load",
    "require",
]
