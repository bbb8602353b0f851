"""What a reader of docs/benchmarks.md has to know about the rows."""

NOTES = (
    (
        "**Durable**: fsync is on, and an append counts when its commit has been "
        "acknowledged. All clients of a row are threads of one process, as in one worker of "
        "the API."
    ),
    (
        "**Stock recorder, Application, ProjectionRunner**: `eventsourcing` 9.5.6 with every "
        "default; only its connection pool is made to fit the clients. Its runner works on a "
        "slice."
    ),
    (
        "**pgbench** commits the same rows one by one on as many connections, in no order at "
        "all: a follower of its table would miss events. It is the limit of one commit a row."
    ),
    (
        "**UmaDB** 0.7.8 is the fastest store we know of that misses no event for its "
        "followers. Its server and its client run in an environment of their own; each append"
        " carries the condition that its stream is new. Where it cannot be installed the row "
        "says so."
    ),
    (
        "**message-db** misses nothing within one category either, but is no Python package "
        "and is not run here."
    ),
    (
        "**Bulk import** takes ready bytes through the one door in groups of at most 1,000 "
        "events; COPY takes the same rows into a table with the same indexes, in one "
        "transaction."
    ),
    (
        "**Catching up** decodes each event into its class and keeps every projection; the "
        "peer only reads the same rows in keyset pages over a binary cursor and parses their "
        "JSON."
    ),
    (
        "**Transcript GET** runs the whole edge: token, access, tables, names, headers. Its "
        "peer is a FastAPI route on the same server that checks the same token and sends the "
        "same bytes, stored ready under the path."
    ),
    (
        "**p99.9 during maintenance** is counted from the moment a command was due, so a "
        "command that waits behind a late one counts as late."
    ),
    (
        "**At 1 million events** is each figure as time for one act, beside the same figure "
        "at 100 thousand events."
    ),
    (
        "**Signing awards in bulk** builds and signs each award; plain pyld canonicalizes the same "
        "documents without looking for what it passes over. **A transcript** goes from stored, "
        "signed awards of twenty micro-credentials to bytes to send; its peer builds and signs one "
        "award. Before each everything that was worked out is forgotten, as in a new process."
    ),
    (
        "**Entitlements of all awards** derives the payouts of every award anew, two processes "
        "as `mcledger rebuild` does it, and sums them up by policy and year; the peer only "
        "reads the same log and parses its JSON. A full run has a million awards."
    ),
    (
        "**Closing and exporting a batch** begins with what is owed: lines are made, listed in "
        "the log, frozen in an encrypted file, approved, and rendered into another; COPY takes "
        "the same lines as rows into a table with the same indexes as our view of them, in one "
        "transaction. A full run has 100,000 lines."
    ),
    (
        "**Inclusion proof**: a proof is made of the tree alone, so the ten million leaves (in a "
        "quick run half a million) are hashes with no events behind them, in pieces as a log "
        "that takes 1,000 events a second has them. Each proof is checked against the root."
    ),
)
