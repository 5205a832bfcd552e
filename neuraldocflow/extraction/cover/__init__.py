"""Fields of the cover page of an SEC filing."""
