"""The reader of HTML documents, inline XBRL included."""
