"""Forgetting: keys destroyed for good, and again whenever an older copy of the vault comes back.

- eraser: destroys keys, rows and blobs; makes a restored vault forget again
- list: what the log and a file outside the database say was erased
"""

from ledger.erasure.eraser import Destroyed, Eraser
from ledger.erasure.list import Entry, EraseFile, EraseFileDamagedError, Retentions

__all__ = [
    "Destroyed",
    "Entry",
    "EraseFile",
    "EraseFileDamagedError",
    "Eraser",
    "Retentions",
]
