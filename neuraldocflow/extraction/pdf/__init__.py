"""The reader of PDF files, by PyMuPDF."""
