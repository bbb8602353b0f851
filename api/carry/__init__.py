"""What a teacher carries away: her whole record in one file, believed where this ledger is not."""
