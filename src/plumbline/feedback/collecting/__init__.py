"""People's feedback while it is collected: projects, items, who judges what, and what they said.

A database (SQLite, or PostgreSQL by URL) holds all of it. What a person says is an event and is
never overwritten: an edit supersedes, an undo takes back. Training reads the events as judgements
(`reading`). Nothing here knows of HTTP, and nothing imports torch.
"""
