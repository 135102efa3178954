"""Data in and out: files of any known form to judgements and back. Imports no torch."""

from .forms import FORMS, recognise
from .load import Loaded, read
from .write import Converted, convert, split_file, write

__all__ = ["FORMS", "Converted", "Loaded", "convert", "read", "recognise", "split_file", "write"]
