-- A client's new account sees what was before only a day after the change, and not where the account
-- of before has said in that time that it was somebody else.

ALTER TABLE pair ADD COLUMN history_from_at BIGINT;     -- null: the account has never changed
ALTER TABLE pair ADD COLUMN objected_at BIGINT;         -- the account of before said so
