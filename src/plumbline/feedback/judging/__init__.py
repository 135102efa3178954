"""A model that judges under a constitution: what it is asked, and what its answers are worth.

Nothing here runs a model: `judge` says what one must be able to do, and others bring it.
"""
