"""Judges that run here: a local model's verdicts, and labels made from them."""
