"""Typed, effective-dated rules: pure arithmetic, no I/O."""
