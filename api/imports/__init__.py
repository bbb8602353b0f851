"""Files that come in from elsewhere."""
