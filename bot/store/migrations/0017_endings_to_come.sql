-- The therapist has said that a therapy ends: for a while that can be undone, and nothing has changed.

ALTER TABLE pair ADD COLUMN ends_at BIGINT;     -- then it ends; null: nobody has said so
ALTER TABLE pair ADD COLUMN ends_with TEXT CHECK (ends_with IN ('goodbye', 'word'));
CREATE INDEX pair_ending ON pair (ends_at) WHERE ends_at IS NOT NULL;
