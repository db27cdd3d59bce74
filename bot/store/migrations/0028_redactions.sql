-- Messages that still show something of somebody who was erased. What they are to say instead is
-- made when their turn comes; a row goes when Telegram has taken it, or will never take it.

CREATE TABLE redaction (
    id               BIGINT PRIMARY KEY,    -- that of the row which told of the message
    person_id        BIGINT NOT NULL REFERENCES person (id),
    digest_id        BIGINT REFERENCES digest (id),     -- a page of it stands there, and is made anew
    page             BIGINT,
    telegram_message BIGINT,                -- null for a page: its row in the outbox tells which it is
    owed_at          BIGINT NOT NULL,
    due_at           BIGINT NOT NULL,
    attempts         BIGINT NOT NULL DEFAULT 0,
    again            BIGINT NOT NULL DEFAULT 0,         -- so often it was owed once more meanwhile
    CHECK ((digest_id IS NULL) = (page IS NULL)),
    CHECK (digest_id IS NOT NULL OR telegram_message IS NOT NULL)
);
CREATE INDEX redaction_due ON redaction (due_at);

ALTER TABLE digest ADD COLUMN erased BIGINT NOT NULL DEFAULT 0;  -- so many of its clients since
