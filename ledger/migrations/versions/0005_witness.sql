-- What witnesses have signed below the checkpoints of this log. Evidence, so it only grows.

CREATE TABLE seal_cosignatures (
    size    bigint NOT NULL,  -- of the checkpoint
    witness text   NOT NULL,  -- its name, a plus sign, and the id of its key
    line    text   NOT NULL,  -- as it stands below the checkpoint
    PRIMARY KEY (size, witness),
    CONSTRAINT seal_cosignatures_line CHECK (starts_with(line, '— ') AND right(line, 1) = E'\n')
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON seal_cosignatures
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
ALTER TABLE seal_cosignatures ENABLE ALWAYS TRIGGER append_only;

GRANT SELECT ON seal_cosignatures TO :"append_role", :"project_role", :"read_role",
    :"audit_role";
GRANT INSERT ON seal_cosignatures TO :"project_role";
