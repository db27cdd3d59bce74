-- By webhook, what was said later can come first: the order of the updates' ids decides then.

ALTER TABLE answer ADD COLUMN update_id BIGINT;         -- the latest update that gave this answer
ALTER TABLE goal_wanted ADD COLUMN update_id BIGINT;    -- the tap since when words are waited for
ALTER TABLE sentence ADD COLUMN update_id BIGINT;       -- the same
