-- Calendars that appointments come from. Of an event nothing is kept but whose it is, its times and
-- hashes that only this feed's own secret can make: no title, nobody who takes part.

CREATE TABLE feed (
    id           BIGINT PRIMARY KEY,
    therapist_id BIGINT REFERENCES person (id),     -- null: the practice's
    source       BLOB NOT NULL,             -- sealed by the practice: name, address, password, secret
    seen         BLOB,                      -- sealed: by what the newest reading is known again
    made_at      BIGINT NOT NULL,
    accepted_at  BIGINT,                    -- its preview was; until then nothing is made of it
    due_at       BIGINT NOT NULL,           -- when it is read next
    wanted_at    BIGINT,                    -- since when a question to a client waits for it
    tried_at     BIGINT,
    read_at      BIGINT,
    planned_on   TEXT,                      -- on which date all of it was gone through last
    failures     BIGINT NOT NULL DEFAULT 0, -- one after the other
    problem      TEXT,                      -- why the last one failed, one word
    lost         BIGINT,                    -- so many appointments were suddenly not there any more
    lost_of      BIGINT,                    -- of so many
    held_at      BIGINT,                    -- since then nothing is changed, and somebody is asked
    allowed_at   BIGINT                     -- somebody has said that they are cancelled
);
CREATE INDEX feed_of_therapist ON feed (therapist_id);
CREATE INDEX feed_due ON feed (due_at);

CREATE TABLE feed_event (                   -- an event that is somebody's appointment
    feed_id        BIGINT NOT NULL REFERENCES feed (id),
    stem           BLOB NOT NULL,           -- hash: the event, or one date of its series
    series         BLOB NOT NULL,           -- hash: the event or its series
    starts_at      BIGINT NOT NULL,
    ends_at        BIGINT NOT NULL,
    pair_id        BIGINT NOT NULL REFERENCES pair (id),
    appointment_id BIGINT REFERENCES appointment (id),  -- null: the feed is not accepted yet
    found_at       BIGINT,                  -- the appointment had been there before, by other ways
    PRIMARY KEY (feed_id, stem, starts_at)
);
CREATE INDEX feed_event_of_pair ON feed_event (pair_id);
CREATE INDEX feed_event_of_appointment ON feed_event (appointment_id);

CREATE TABLE feed_series (                  -- an event or series of which no rule knows whose it is
    id        BIGINT PRIMARY KEY,
    feed_id   BIGINT NOT NULL REFERENCES feed (id),
    series    BLOB NOT NULL,                -- hash
    verdict   TEXT CHECK (verdict IN ('client', 'no_client')),     -- null: to be asked
    pair_id   BIGINT REFERENCES pair (id),
    starts_at BIGINT NOT NULL,              -- its next date
    ends_at   BIGINT NOT NULL,
    later_at  BIGINT,                       -- asked again from then on
    UNIQUE (feed_id, series)
);
CREATE INDEX feed_series_of_pair ON feed_series (pair_id);

CREATE TABLE feed_alias (                   -- a title or an address that stands for a client
    feed_id BIGINT NOT NULL REFERENCES feed (id),
    kind    TEXT NOT NULL CHECK (kind IN ('attendee', 'title')),
    words   BLOB NOT NULL,                  -- hash
    pair_id BIGINT NOT NULL REFERENCES pair (id),
    PRIMARY KEY (feed_id, kind, words, pair_id)
);
CREATE INDEX feed_alias_of_pair ON feed_alias (pair_id);
