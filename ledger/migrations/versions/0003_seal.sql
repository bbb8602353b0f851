-- The seal: the Merkle tree over the rows of the log, and every checkpoint that was signed of it.
-- Both only ever grow. They are evidence and no derived tables: made anew from rows that somebody
-- has changed, they would agree with the change.

-- The tree in tiles of 256 hashes. A tile that filled up in several steps is several rows; the
-- first of its hashes in each has the place `start`.
CREATE TABLE seal_tiles (
    level  smallint NOT NULL,  -- 0: leaves; above: roots of the full tiles below
    number bigint   NOT NULL,
    start  smallint NOT NULL,
    hashes bytea    NOT NULL,
    PRIMARY KEY (level, number, start),
    CONSTRAINT seal_tiles_place CHECK (
        level BETWEEN 0 AND 7 AND number >= 0 AND start BETWEEN 0 AND 255
    ),
    CONSTRAINT seal_tiles_hashes CHECK (
        octet_length(hashes) % 32 = 0 AND octet_length(hashes) BETWEEN 32 AND (256 - start) * 32
    )
);
ALTER TABLE seal_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;  -- hashes cannot be compressed

CREATE TABLE seal_checkpoints (
    size bigint PRIMARY KEY,  -- of the log: the last position that the checkpoint covers
    note text   NOT NULL,
    CONSTRAINT seal_checkpoints_size CHECK (size >= 1)
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON seal_tiles
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON seal_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
ALTER TABLE seal_tiles ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE seal_checkpoints ENABLE ALWAYS TRIGGER append_only;

GRANT SELECT ON seal_tiles, seal_checkpoints TO :"append_role", :"project_role", :"read_role";
GRANT INSERT ON seal_tiles, seal_checkpoints TO :"project_role";
