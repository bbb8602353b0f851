-- The daily round over received records: begun once a day, and gone on with after whoever stopped.

-- name: begin
-- Compared and set, so that of two who follow one begins it.
UPDATE vault_recheck_round SET began_at = %(now)s, after_id = %(first)s
 WHERE after_id IS NULL AND began_at <= %(before)s;

-- name: come_to
SELECT after_id FROM vault_recheck_round;

-- name: go_on
UPDATE vault_recheck_round SET after_id = %(to)s WHERE after_id = %(after)s;
