"""The dataflow's operators, each a small stateful logic; ``dataflows/documents.py`` joins them."""
