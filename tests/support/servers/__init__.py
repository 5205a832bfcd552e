"""Real servers for the tests; ``fixtures.py`` has what tests ask for."""
