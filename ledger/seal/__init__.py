"""The seal: a tree over the log, signed checkpoints of it, and the proof that nothing was changed.

Data flows down the list: `leaves` (the hash of a row), `merkle` and `tiles` (the tree), `notes`
and `keys` (what is signed, and with what), `sealer` (follows the log and signs), `verify` with
`diagnosis` (what an auditor runs), `log_file` and `log_transfer` (a whole log out and in).
"""
