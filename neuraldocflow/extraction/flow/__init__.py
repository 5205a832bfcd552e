"""What documents without pages have in common: headings, layout and tables in a flow of pieces."""
