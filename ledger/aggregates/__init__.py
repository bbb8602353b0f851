"""One file a stream: commands in, events out, no I/O."""
