"""Copies of the database and of the evidence, and ledgers made of them again.

- archive: how a backup folder is laid out, and what is kept of it
- take: a base backup, verified, with a copy of the evidence
- follow: the write-ahead log as it is written, and new evidence
- restore: a database of its own, up to the newest or to an earlier moment

No key is ever copied: whoever finds a backup reads no name and no file. The keys, the list of what
was erased and the last signed checkpoint are kept elsewhere (docs/operating.md).
"""
