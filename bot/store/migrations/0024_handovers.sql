-- A therapist leaves: to whom the clients are offered, and what each of them has said.

CREATE TABLE handover (
    id        BIGINT PRIMARY KEY,
    from_id   BIGINT NOT NULL REFERENCES person (id),
    to_id     BIGINT NOT NULL REFERENCES person (id),
    made_at   BIGINT NOT NULL,
    begins_at BIGINT NOT NULL,              -- until then it can be undone, and nothing has changed
    undone_at BIGINT,
    begun_at  BIGINT,                       -- the pairs ended, and the clients are asked
    left_at   BIGINT                        -- who leaves has no access any more
);
CREATE UNIQUE INDEX handover_open ON handover (from_id) WHERE undone_at IS NULL AND left_at IS NULL;

CREATE TABLE handover_pair (                -- a client who is asked whether to go on
    id          BIGINT PRIMARY KEY,
    handover_id BIGINT NOT NULL REFERENCES handover (id),
    pair_id     BIGINT NOT NULL UNIQUE REFERENCES pair (id),
    until_at    BIGINT NOT NULL,
    answer      TEXT CHECK (answer IN ('share', 'fresh', 'no', 'lapsed')),
    answered_at BIGINT,
    new_pair_id BIGINT UNIQUE REFERENCES pair (id)
);
CREATE INDEX handover_pair_open ON handover_pair (until_at) WHERE answer IS NULL;
CREATE INDEX handover_pair_of ON handover_pair (handover_id);
