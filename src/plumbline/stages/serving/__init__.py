"""One model that answers many people, under several identities."""
