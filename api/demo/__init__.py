"""A school year played over HTTP, so that a newcomer sees the ledger at work in two minutes."""
