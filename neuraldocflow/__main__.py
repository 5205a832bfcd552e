"""``python -m neuraldocflow``."""

from neuraldocflow.cli import main

main()
