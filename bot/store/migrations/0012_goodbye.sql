-- Endings: who wants to be asked less often, and a kind of check-in more. Other tables point to that
-- one, so it is made anew under another name and takes the old one's place.

ALTER TABLE pair ADD COLUMN less_often_at BIGINT;       -- since when every second session; null: each

CREATE TABLE checkin_now (
    id              BIGINT PRIMARY KEY,
    pair_id         BIGINT NOT NULL REFERENCES pair (id),
    appointment_id  BIGINT REFERENCES appointment (id),
    kind            TEXT NOT NULL CHECK (kind IN ('session', 'before_first', 'goodbye')),
    instrument      TEXT NOT NULL,
    instrument_version BIGINT NOT NULL,
    language        TEXT NOT NULL,          -- language the first screen was shown in
    consent_version TEXT NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('open', 'answered', 'partial', 'expired',
                    'did_not_meet', 'withheld', 'cancelled', 'undeliverable')),
    known           BLOB NOT NULL,          -- sealed: what conditions need of the past, frozen
    follows_id      BIGINT,                 -- acknowledgement whose outcome is asked about
    telegram_message BIGINT,                -- the message edited in place
    planned_at      BIGINT NOT NULL,        -- row made
    due_at          BIGINT NOT NULL,
    sent_at         BIGINT,
    first_answer_at BIGINT,
    last_answer_at  BIGINT,
    completed_at    BIGINT,                 -- went through to the last screen (first time)
    corrected_at    BIGINT,                 -- changed after completion (latest time)
    snoozed_until_at BIGINT,
    reminded_at     BIGINT,
    closes_at       BIGINT NOT NULL,
    closed_at       BIGINT,
    folded_at       BIGINT,                 -- its message shows how it ended
    seen_at         BIGINT,                 -- the therapist was first shown answers of it
    anew_at         BIGINT,                 -- since when the usual begins anew with this one
    UNIQUE (appointment_id, pair_id)
);
INSERT INTO checkin_now (id, pair_id, appointment_id, kind, instrument, instrument_version, language,
    consent_version, state, known, follows_id, telegram_message, planned_at, due_at, sent_at,
    first_answer_at, last_answer_at, completed_at, corrected_at, snoozed_until_at, reminded_at,
    closes_at, closed_at, folded_at, seen_at, anew_at)
    SELECT id, pair_id, appointment_id, kind, instrument, instrument_version, language,
    consent_version, state, known, follows_id, telegram_message, planned_at, due_at, sent_at,
    first_answer_at, last_answer_at, completed_at, corrected_at, snoozed_until_at, reminded_at,
    closes_at, closed_at, folded_at, seen_at, anew_at FROM checkin;
DROP TABLE checkin;
ALTER TABLE checkin_now RENAME TO checkin;
CREATE UNIQUE INDEX checkin_before_first ON checkin (pair_id) WHERE kind = 'before_first';
CREATE UNIQUE INDEX checkin_goodbye ON checkin (pair_id) WHERE kind = 'goodbye';
CREATE INDEX checkin_of_pair ON checkin (pair_id, due_at);
CREATE INDEX checkin_closing ON checkin (closes_at) WHERE state = 'open';
CREATE INDEX checkin_unfolded ON checkin (closed_at)
    WHERE folded_at IS NULL AND closed_at IS NOT NULL AND telegram_message IS NOT NULL;
CREATE INDEX checkin_anew ON checkin (pair_id, due_at) WHERE anew_at IS NOT NULL;
CREATE INDEX checkin_unseen ON checkin (pair_id, first_answer_at)
    WHERE seen_at IS NULL AND first_answer_at IS NOT NULL;
