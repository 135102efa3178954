"""Models behind the addresses and the JSON of OpenAI's API."""
