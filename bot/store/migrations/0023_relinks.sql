-- Somebody has a new phone or account: the link for it, who opened it, and what came of it.

CREATE TABLE relink (
    id         BIGINT PRIMARY KEY,
    pair_id    BIGINT REFERENCES pair (id), -- whose client it is for; null: a therapist's own account
    person_id  BIGINT NOT NULL REFERENCES person (id),  -- whose account is to change
    secret     BLOB NOT NULL UNIQUE,        -- keyed hash of the code in the link
    made_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    opened_at  BIGINT,
    opener     BLOB,                        -- sealed by the practice: the account that opened it
    tries      BIGINT NOT NULL DEFAULT 0,   -- so many wrong numbers were typed
    ended      TEXT CHECK (ended IN ('done', 'replaced', 'wrong')),
    ended_at   BIGINT,
    former_id  BIGINT REFERENCES person (id),   -- who has the account of before
    gone       TEXT                         -- the messages there that are closed, by number
);
CREATE INDEX relink_of_pair ON relink (pair_id);
CREATE INDEX relink_of_person ON relink (person_id);
CREATE INDEX relink_age ON relink (expires_at);

ALTER TABLE pair ADD COLUMN relinked_at BIGINT;     -- since when a new account has not agreed yet
