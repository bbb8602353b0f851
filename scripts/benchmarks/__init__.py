"""What fast means here: every figure has a peer measured beside it in the same run."""
