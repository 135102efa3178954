"""Who scores answers, and how credit for a score is assigned to tokens."""
