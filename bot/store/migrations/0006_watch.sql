-- The phrase watch: what a client has chosen about it, and in which texts it found something.

CREATE TABLE watch_choice (                 -- no row: not asked yet, which counts as no
    pair_id   BIGINT NOT NULL REFERENCES pair (id),
    about     TEXT NOT NULL CHECK (about IN ('notice', 'kept')),    -- tell my therapist; kept texts
    choice    TEXT NOT NULL CHECK (choice IN ('yes', 'no')),
    chosen_at BIGINT NOT NULL,
    PRIMARY KEY (pair_id, about)
);

CREATE TABLE watched (                      -- a text with phrases; a text that is removed has none
    id         BIGINT PRIMARY KEY,
    checkin_id BIGINT NOT NULL REFERENCES checkin (id),
    item       TEXT NOT NULL,
    found      BLOB NOT NULL,               -- sealed: how many phrases help and a notice were for
    helped_at  BIGINT NOT NULL,             -- when the client was owed the help text last
    told_at    BIGINT,                      -- when the therapist was owed a notice last
    UNIQUE (checkin_id, item)
);
