-- How far whoever asks the issuers of received records again has come with today's round.
CREATE TABLE vault_recheck_round (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    began_at timestamptz NOT NULL,
    after_id uuid  -- the record that was asked about last; null: the round is over
);
INSERT INTO vault_recheck_round (began_at) VALUES ('epoch');
GRANT SELECT, UPDATE ON vault_recheck_round TO :"vault_role";
