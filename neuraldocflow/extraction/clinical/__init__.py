"""Fields of medical records: patients, encounters, entries of lists and tables, measurements."""
