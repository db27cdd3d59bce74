-- What is asked every few seconds, at the end of each check-in and of each digest is found by a key,
-- however much was ever sent: without statistics SQLite takes a kind of messages for a few of them.

CREATE INDEX message_due_kind ON message (kind, due_at) WHERE state = 'queued';
CREATE INDEX message_of_practice ON message (kind, part) WHERE pair_id IS NULL;
CREATE INDEX digest_cut ON digest (therapist_id, cut_at);
