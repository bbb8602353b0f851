"""The edge: everything that enters or leaves."""
