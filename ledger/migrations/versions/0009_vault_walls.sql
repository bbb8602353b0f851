-- Row security of the vault: a wall behind the code. Whoever reads what is personal says of whom,
-- persons or districts, in a setting of the transaction; the id of zeros stands for all, as for
-- exchanging keys and for forgetting. Whoever says nothing is refused, for an empty answer could
-- be taken for the truth.

CREATE FUNCTION vault_scope() RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF coalesce(current_setting('mcledger.scope', true), '') = '' THEN
        RAISE 'whose rows are to be seen was not said'
              USING ERRCODE = 'insufficient_privilege', HINT = 'set mcledger.scope';
    END IF;
    RETURN current_setting('mcledger.scope');
END
$$;

ALTER TABLE vault_person_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE vault_texts ENABLE ROW LEVEL SECURITY;
ALTER TABLE vault_details ENABLE ROW LEVEL SECURITY;
ALTER TABLE vault_identities ENABLE ROW LEVEL SECURITY;
ALTER TABLE vault_positions ENABLE ROW LEVEL SECURITY;
ALTER TABLE vault_evidence ENABLE ROW LEVEL SECURITY;
ALTER TABLE vault_payroll_files ENABLE ROW LEVEL SECURITY;

CREATE POLICY seen ON vault_details FOR SELECT TO :"vault_role" USING (
    district_id = ANY ((SELECT vault_scope())::uuid[])
    OR person_id = ANY ((SELECT vault_scope())::uuid[])
    OR '00000000-0000-0000-0000-000000000000' = ANY ((SELECT vault_scope())::uuid[]));
-- A district's scope opens what it knows a person by, and no other words by or about her.
CREATE POLICY seen ON vault_texts FOR SELECT TO :"vault_role" USING (
    person_id = ANY ((SELECT vault_scope())::uuid[])
    OR '00000000-0000-0000-0000-000000000000' = ANY ((SELECT vault_scope())::uuid[])
    OR EXISTS (SELECT FROM vault_details d
                WHERE d.person_id = vault_texts.person_id AND d.text_id = vault_texts.text_id
                  AND d.district_id = ANY ((SELECT vault_scope())::uuid[])));
CREATE POLICY seen ON vault_person_keys FOR SELECT TO :"vault_role" USING (
    person_id = ANY ((SELECT vault_scope())::uuid[])
    OR '00000000-0000-0000-0000-000000000000' = ANY ((SELECT vault_scope())::uuid[])
    OR EXISTS (SELECT FROM vault_details d
                WHERE d.person_id = vault_person_keys.person_id
                  AND d.district_id = ANY ((SELECT vault_scope())::uuid[])));
CREATE POLICY seen ON vault_identities FOR SELECT TO :"vault_role" USING (
    district_id = ANY ((SELECT vault_scope())::uuid[])
    OR subject_id = ANY ((SELECT vault_scope())::uuid[])
    OR '00000000-0000-0000-0000-000000000000' = ANY ((SELECT vault_scope())::uuid[]));
CREATE POLICY seen ON vault_positions FOR SELECT TO :"vault_role" USING (
    district_id = ANY ((SELECT vault_scope())::uuid[])
    OR person_id = ANY ((SELECT vault_scope())::uuid[])
    OR '00000000-0000-0000-0000-000000000000' = ANY ((SELECT vault_scope())::uuid[]));
CREATE POLICY seen ON vault_evidence FOR SELECT TO :"vault_role" USING (
    person_id = ANY ((SELECT vault_scope())::uuid[])
    OR '00000000-0000-0000-0000-000000000000' = ANY ((SELECT vault_scope())::uuid[]));
CREATE POLICY seen ON vault_payroll_files FOR SELECT TO :"vault_role" USING (
    district_id = ANY ((SELECT vault_scope())::uuid[])
    OR '00000000-0000-0000-0000-000000000000' = ANY ((SELECT vault_scope())::uuid[]));

-- Writing shows nothing. To change or remove a row it has to be seen as well.
CREATE POLICY added ON vault_person_keys FOR INSERT TO :"vault_role" WITH CHECK (true);
CREATE POLICY added ON vault_texts FOR INSERT TO :"vault_role" WITH CHECK (true);
CREATE POLICY added ON vault_details FOR INSERT TO :"vault_role" WITH CHECK (true);
CREATE POLICY added ON vault_identities FOR INSERT TO :"vault_role" WITH CHECK (true);
CREATE POLICY added ON vault_positions FOR INSERT TO :"vault_role" WITH CHECK (true);
CREATE POLICY added ON vault_evidence FOR INSERT TO :"vault_role" WITH CHECK (true);
CREATE POLICY added ON vault_payroll_files FOR INSERT TO :"vault_role" WITH CHECK (true);
CREATE POLICY changed ON vault_person_keys FOR UPDATE TO :"vault_role" USING (true);
CREATE POLICY changed ON vault_details FOR UPDATE TO :"vault_role" USING (true);
CREATE POLICY changed ON vault_evidence FOR UPDATE TO :"vault_role" USING (true);
CREATE POLICY destroyed ON vault_person_keys FOR DELETE TO :"vault_role" USING (true);
CREATE POLICY destroyed ON vault_texts FOR DELETE TO :"vault_role" USING (true);
CREATE POLICY destroyed ON vault_details FOR DELETE TO :"vault_role" USING (true);
CREATE POLICY destroyed ON vault_identities FOR DELETE TO :"vault_role" USING (true);
CREATE POLICY destroyed ON vault_positions FOR DELETE TO :"vault_role" USING (true);
CREATE POLICY destroyed ON vault_evidence FOR DELETE TO :"vault_role" USING (true);
CREATE POLICY destroyed ON vault_payroll_files FOR DELETE TO :"vault_role" USING (true);
