-- A therapist's own short sentence to a client, beside an acknowledgement.

CREATE TABLE sentence (
    id                 BIGINT PRIMARY KEY,
    acknowledgement_id BIGINT NOT NULL UNIQUE REFERENCES acknowledgement (id),
    pair_id            BIGINT NOT NULL REFERENCES pair (id),
    asked_at           BIGINT NOT NULL,     -- since then the therapist's next message is waited for
    words              BLOB,                -- sealed; null until it came
    sent_at            BIGINT               -- looked at once more, and sent
);
CREATE INDEX sentence_waiting ON sentence (asked_at) WHERE sent_at IS NULL;
CREATE INDEX sentence_of_pair ON sentence (pair_id);
