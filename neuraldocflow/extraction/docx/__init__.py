"""The reader of DOCX files, from their XML."""
