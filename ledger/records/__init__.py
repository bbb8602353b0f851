"""Portable records: what a teacher carries away and others check with software of their own.

Pure: facts in, documents out, and back. No database, no network, no clock, no chance of its own.
"""
