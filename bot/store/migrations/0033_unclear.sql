-- How often a message perhaps arrived. What certainly did not, because the network was away or
-- Telegram put it off, is no reason to give up what has to arrive.

ALTER TABLE message ADD COLUMN unclear BIGINT NOT NULL DEFAULT 0;
