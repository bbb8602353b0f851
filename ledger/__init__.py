"""The write side: what may happen, and what has happened."""
