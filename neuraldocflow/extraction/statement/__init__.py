"""Values of financial statements: rows, their periods, scales and owners."""
