"""The read side: events to rows. For each projection one `.py` and one `.sql`."""
