-- What a digest asks when it is made is found however long a history is.

CREATE INDEX checkin_unseen ON checkin (pair_id, first_answer_at)
    WHERE seen_at IS NULL AND first_answer_at IS NOT NULL;
CREATE INDEX digest_opened ON digest (therapist_id, opened_at, made_at);
CREATE INDEX acknowledgement_talk ON acknowledgement (pair_id, made_at) WHERE kind = 'talk';
