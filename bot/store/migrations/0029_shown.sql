-- Which messages in professionals' chats show something of whom, beside digests and notices, which
-- the outbox knows: details, pictures, the day.

CREATE TABLE shown (
    id               BIGINT PRIMARY KEY,
    person_id        BIGINT NOT NULL REFERENCES person (id),
    pair_id          BIGINT NOT NULL REFERENCES pair (id),
    telegram_message BIGINT NOT NULL,
    form             TEXT NOT NULL CHECK (form IN ('text', 'picture')),
    shown_at         BIGINT NOT NULL,
    UNIQUE (person_id, telegram_message, pair_id)
);
CREATE INDEX shown_of_pair ON shown (pair_id);

ALTER TABLE redaction ADD COLUMN form TEXT NOT NULL DEFAULT 'text'
    CHECK (form IN ('text', 'picture'));
