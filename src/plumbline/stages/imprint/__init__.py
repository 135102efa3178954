"""`plumbline imprint`: from a manifesto and a model to an identity, and what it is worth."""
