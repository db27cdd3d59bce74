-- What opens in a professional's chat closes by itself, and older digests collapse to a line: such
-- messages are to be given another text as well, by the same means as those of the erased.

ALTER TABLE redaction ADD COLUMN why TEXT NOT NULL DEFAULT 'erased'
    CHECK (why IN ('erased', 'open', 'older'));     -- open: since the last tap. older: than a digest
ALTER TABLE redaction ADD COLUMN pair_id BIGINT REFERENCES pair (id);   -- whose details open again there
CREATE UNIQUE INDEX redaction_open ON redaction (person_id, telegram_message) WHERE why = 'open';

ALTER TABLE digest ADD COLUMN collapsed_at BIGINT;   -- since when its messages are owed that
