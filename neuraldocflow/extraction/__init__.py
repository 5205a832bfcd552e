"""The extraction core: one document to text, tables, sections and fields, each with its place.

Start with :func:`extract` (a result) or :func:`read` (the document model). It needs the standard library and,
for PDFs, PyMuPDF, so that the same code runs in an agent process and in a browser.
"""

from neuraldocflow.limits import Limits

from . import strategies as _strategies  # registers them: profiles name strategies
from .extract import extract, read
from .model import Document
from .profile import Profile, ProfileError

__all__ = ["Document", "Limits", "Profile", "ProfileError", "extract", "read"]

del _strategies
