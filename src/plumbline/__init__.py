"""plumbline: from a base language model to one that holds to stated human values, with evidence.

Importing this package is cheap: no torch, transformers or numpy is loaded until a part needs it.
"""

__version__ = "0.1.0"
