"""What callers may ask of the ledger: one function a command, one file a stream.

Each takes the ledger and a call, decides on freshly read aggregates, and answers a receipt.
"""
