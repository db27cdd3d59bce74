-- A client's own goals. Words are never changed: whoever words a goal anew has a new row that follows
-- the old one, so that a rating (an answer to goal_1 … goal_3) always belongs to what was rated.

CREATE TABLE goal (
    id         BIGINT PRIMARY KEY,
    pair_id    BIGINT NOT NULL REFERENCES pair (id),
    place      BIGINT NOT NULL CHECK (place BETWEEN 1 AND 3),
    words      BLOB NOT NULL,               -- sealed
    state      TEXT NOT NULL CHECK (state IN ('open', 'reached', 'set_aside', 'reworded')),
    follows_id BIGINT REFERENCES goal (id), -- the goal whose words these replace
    made_at    BIGINT NOT NULL,
    state_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX goal_open ON goal (pair_id, place) WHERE state = 'open';
CREATE INDEX goal_of_pair ON goal (pair_id, made_at);

CREATE TABLE goal_wanted (                  -- the words of a goal are waited for
    client_id  BIGINT PRIMARY KEY REFERENCES person (id),
    pair_id    BIGINT NOT NULL REFERENCES pair (id),
    follows_id BIGINT REFERENCES goal (id), -- null: a new goal
    telegram_message BIGINT NOT NULL,       -- the message that asks
    asked_at   BIGINT NOT NULL,
    noted_at   BIGINT                       -- when they came: a repeated message is shown again
);
CREATE INDEX goal_wanted_of_pair ON goal_wanted (pair_id);

-- How a therapist thinks the client experienced a session. The client never sees it.

ALTER TABLE therapist ADD COLUMN mirror_since_at BIGINT;    -- null: not wanted

CREATE TABLE mirror_rating (
    checkin_id BIGINT NOT NULL REFERENCES checkin (id),
    item       TEXT NOT NULL,
    value      BLOB,                        -- sealed with the pair's key; null: skipped
    rated_at   BIGINT NOT NULL,
    PRIMARY KEY (checkin_id, item)
);

-- When the therapist was first shown answers of a check-in: from then on a guess is none. What was
-- answered before this was kept counts as seen.
ALTER TABLE checkin ADD COLUMN seen_at BIGINT;
UPDATE checkin SET seen_at = first_answer_at WHERE first_answer_at IS NOT NULL;

-- A kind of message more. No other table points to this one.

CREATE TABLE message_now (                  -- the outbox, with one kind more
    id               BIGINT PRIMARY KEY,
    kind             TEXT NOT NULL CHECK (kind IN
                     ('prompt', 'reminder', 'ack', 'digest', 'notice', 'mirror')),
    subject_id       BIGINT NOT NULL,
    part             TEXT NOT NULL DEFAULT '',      -- page of a digest, name of a notice
    person_id        BIGINT NOT NULL REFERENCES person (id),
    pair_id          BIGINT REFERENCES pair (id),
    state            TEXT NOT NULL CHECK (state IN
                     ('queued', 'sending', 'sent', 'unknown', 'failed', 'dropped')),
    reason           TEXT,                          -- why failed or dropped, one word
    made_at          BIGINT NOT NULL,
    planned_at       BIGINT NOT NULL,               -- when it was first due
    due_at           BIGINT NOT NULL,               -- when it may be tried (next)
    expires_at       BIGINT NOT NULL,
    attempts         BIGINT NOT NULL DEFAULT 0,
    claimed_at       BIGINT,
    ended_at         BIGINT,
    telegram_message BIGINT,
    UNIQUE (kind, subject_id, part)
);
INSERT INTO message_now (id, kind, subject_id, part, person_id, pair_id, state, reason, made_at,
    planned_at, due_at, expires_at, attempts, claimed_at, ended_at, telegram_message)
    SELECT id, kind, subject_id, part, person_id, pair_id, state, reason, made_at,
    planned_at, due_at, expires_at, attempts, claimed_at, ended_at, telegram_message FROM message;
DROP TABLE message;
ALTER TABLE message_now RENAME TO message;
CREATE INDEX message_due ON message (due_at) WHERE state = 'queued';
CREATE INDEX message_sending ON message (claimed_at) WHERE state = 'sending';
CREATE INDEX message_of_person ON message (person_id);
