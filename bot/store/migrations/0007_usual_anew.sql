-- A therapist can let a client's usual begin anew with a session.

ALTER TABLE checkin ADD COLUMN anew_at BIGINT;      -- since when the usual begins anew with this one
CREATE INDEX checkin_anew ON checkin (pair_id, due_at) WHERE anew_at IS NOT NULL;
