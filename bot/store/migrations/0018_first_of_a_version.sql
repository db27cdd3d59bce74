-- The first check-ins of a version, which make a baseline, are found however long the history before
-- it is.

CREATE INDEX checkin_of_version ON checkin (pair_id, instrument, instrument_version, due_at)
    WHERE kind = 'session' AND state IN ('answered', 'partial');
