-- The therapist has said that a therapy ends: for a while that can be undone, and nothing has changed.

ALTER TABLE pair ADD COLUMN to_end_at BIGINT;     -- then it ends; null: nobody has said so
ALTER TABLE pair ADD COLUMN to_end_with TEXT CHECK (to_end_with IN ('goodbye', 'word'));
CREATE INDEX pair_ending ON pair (to_end_at) WHERE to_end_at IS NOT NULL;
