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
        "at 100 thousand events; a quick run has 100 thousand beside 20 thousand. **Events "
        "missed** are counted among 100,000, in a quick run among 5,000."
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

# Of a row whose aim is missed what `scripts/bench --quick --profile --only ROW` showed, by the
# beginning of its name; the first that fits counts.
REASONS = (
    (
        "durable appends",
        (
            "98 % with one client and 87 % with 16 waits for the server: one transaction at a"
            " time is flushed, because that is what leaves no hole in the positions"
        ),
    ),
    (
        "bulk import",
        (
            "96 % waits for the server: for each event the one door looks for its command and"
            " for its stream's version, which COPY does not"
        ),
    ),
    (
        "append to visible",
        (
            "beside the pauses between two appends, 93 % waits for the server: for the "
            "commit, and for the notice of it"
        ),
    ),
    (
        "min_position wait",
        (
            "beside the pauses of the measurement, 98 % waits for the server, which stores "
            "and commits what the views make of it"
        ),
    ),
    (
        "whole commands",
        (
            "71 % waits for the server, 18 % sends commands and reads answers, and 11 % draws "
            "their ids"
        ),
    ),
    (
        "events through all projections, catching up",
        (
            "41 % waits for the server that stores the rows of twenty projections, which the "
            "peer has none of; the rest is spread over decoding (14 %), folding, and making "
            "JSON of rows, with no single place above 8 %"
        ),
    ),
    (
        "events through all projections, beside the stock runner",
        ("the same work as when catching up, for twenty projections and not for one transcript"),
    ),
    (
        "rebuild with 2 processes",
        ("73 % waits for the server, which has the same two processors to store the rows with"),
    ),
    (
        "transcript GET",
        (
            "not seen by the profile, as the server is a process of its own. By reading: the "
            "peer asks for one row; ours also looks up what the caller may see, and has it "
            "written down that she saw it before it answers"
        ),
    ),
    (
        "signing awards in bulk",
        ("99 % is making and hashing the two canonical forms and signing, with nothing beside it"),
    ),
)


def reason_of(name: str) -> str | None:
    """Why a row misses its aim, as far as a profile of it has said."""
    return next((why for beginning, why in REASONS if name.startswith(beginning)), None)
