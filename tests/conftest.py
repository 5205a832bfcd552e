"""Makes ``support`` importable: what tests share is in tests/support."""
