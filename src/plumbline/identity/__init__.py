"""A manifesto becomes a thin layer on a model that stays as it is."""
