-- What the practice and its therapists set of the schedule at run time; it wins over config.toml.

CREATE TABLE schedule_value (               -- a value in force, or one that was
    id        BIGINT PRIMARY KEY,
    change_id BIGINT NOT NULL,              -- what was set together, and is taken back together
    owner_id  BIGINT NOT NULL,              -- a therapist's person id; 0: the practice
    name      TEXT NOT NULL,                -- as in config.toml, such as checkin.delay_minutes
    value     TEXT,                         -- as it would stand there; null: follows again
    before    TEXT,                         -- what this value took the place of; null: nothing own
    set_by    BIGINT,                       -- null: from the command line
    set_at    BIGINT NOT NULL,
    over_at   BIGINT                        -- since when another one is in its place
);
CREATE UNIQUE INDEX schedule_in_force ON schedule_value (owner_id, name) WHERE over_at IS NULL;
CREATE INDEX schedule_change ON schedule_value (change_id);

-- Nothing has ever been written here.
ALTER TABLE therapist DROP COLUMN digest_weekday;
ALTER TABLE therapist DROP COLUMN digest_time;
