-- The tables of Rapport. Portable SQL (SQLite >= 3.35, PostgreSQL): no engine functions.
-- *_at: UTC milliseconds; *_on: local date; state/kind: text with CHECK; a null *_at says no.
-- Columns said to be sealed hold AES-256-GCM text of the vault (version byte, nonce, body).

CREATE TABLE practice (
    id          BIGINT PRIMARY KEY CHECK (id = 1),
    data_key    BLOB NOT NULL,              -- wrapped by the master key: set-aside updates
    key_check   BLOB NOT NULL,              -- sealed: tells a wrong master key at start
    last_now_at BIGINT NOT NULL             -- newest wall clock seen: a clock gone back is noticed
);

CREATE TABLE person (
    id             BIGINT PRIMARY KEY,
    data_key       BLOB NOT NULL,           -- wrapped by the master key
    telegram_index BLOB UNIQUE,             -- keyed hash of the Telegram id; null once cut off
    telegram       BLOB,                    -- sealed Telegram id
    name           BLOB,                    -- sealed first name as Telegram gave it
    language       TEXT,                    -- chosen by button; null follows language_hint
    language_hint  TEXT,                    -- Telegram's language_code
    timezone       TEXT,                    -- null follows the practice
    quiet_from     TEXT,                    -- HH:MM; null follows the practice
    quiet_to       TEXT,
    unreachable_at BIGINT,                  -- blocked the bot or left Telegram
    created_at     BIGINT NOT NULL
);

CREATE TABLE role (
    person_id BIGINT NOT NULL REFERENCES person (id),
    role      TEXT NOT NULL CHECK (role IN ('therapist', 'supervisor')),
    since_at  BIGINT NOT NULL,
    ended_at  BIGINT,
    PRIMARY KEY (person_id, role)
);

CREATE TABLE therapist (
    person_id      BIGINT PRIMARY KEY REFERENCES person (id),
    digest_weekday BIGINT CHECK (digest_weekday BETWEEN 0 AND 6),   -- null follows the practice
    digest_time    TEXT,
    digests        BIGINT NOT NULL DEFAULT 0,                       -- number of the newest digest
    cut_at         BIGINT NOT NULL                                  -- cut-off of the newest digest
);

CREATE TABLE pair (
    id              BIGINT PRIMARY KEY,
    therapist_id    BIGINT NOT NULL REFERENCES person (id),
    client_id       BIGINT REFERENCES person (id),
    code            TEXT NOT NULL,
    data_key        BLOB,                   -- wrapped; null once erased: nothing can be read again
    state           TEXT NOT NULL CHECK (state IN
                    ('invited', 'joined', 'active', 'paused', 'stopped', 'ended', 'erased')),
    invited_at      BIGINT NOT NULL,
    joined_at       BIGINT,
    confirmed_at    BIGINT,
    consented_at    BIGINT,
    consent_version TEXT,
    paused_at       BIGINT,
    paused_until_on TEXT,
    stopped_at      BIGINT,
    ended_at        BIGINT,
    erase_asked_at  BIGINT,
    erased_at       BIGINT,
    UNIQUE (therapist_id, code)
);
CREATE UNIQUE INDEX pair_of_two ON pair (therapist_id, client_id)
    WHERE client_id IS NOT NULL AND state NOT IN ('ended', 'erased');
CREATE INDEX pair_of_client ON pair (client_id);

CREATE TABLE invitation (
    id         BIGINT PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN ('therapist', 'client')),
    secret     BLOB NOT NULL UNIQUE,        -- keyed hash of the code in the link
    pair_id    BIGINT REFERENCES pair (id),
    invited_by BIGINT REFERENCES person (id),   -- null: from the command line
    made_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT,
    used_by    BIGINT REFERENCES person (id),
    revoked_at BIGINT,
    CHECK ((kind = 'client') = (pair_id IS NOT NULL))
);
CREATE INDEX invitation_of_pair ON invitation (pair_id);

CREATE TABLE guess (                        -- wrong invitation codes, for the hourly limit
    id             BIGINT PRIMARY KEY,
    telegram_index BLOB NOT NULL,
    guessed_at     BIGINT NOT NULL
);
CREATE INDEX guess_by ON guess (telegram_index, guessed_at);

CREATE TABLE consent (                      -- one row per decision, never changed
    id         BIGINT PRIMARY KEY,
    pair_id    BIGINT NOT NULL REFERENCES pair (id),
    version    TEXT NOT NULL,
    decision   TEXT NOT NULL CHECK (decision IN ('given', 'declined', 'withdrawn')),
    decided_at BIGINT NOT NULL
);
CREATE INDEX consent_of_pair ON consent (pair_id, decided_at);

CREATE TABLE rule (
    id          BIGINT PRIMARY KEY,
    pair_id     BIGINT NOT NULL REFERENCES pair (id),
    weekday     BIGINT NOT NULL CHECK (weekday BETWEEN 0 AND 6),    -- Monday is 0
    local_time  TEXT NOT NULL,                                      -- HH:MM
    minutes     BIGINT NOT NULL CHECK (minutes BETWEEN 15 AND 180),
    every_weeks BIGINT NOT NULL CHECK (every_weeks IN (1, 2)),
    starts_on   TEXT NOT NULL,
    timezone    TEXT NOT NULL,
    made_at     BIGINT NOT NULL,
    closed_at   BIGINT,
    planned_until_on TEXT NOT NULL          -- last local date already materialised
);
CREATE INDEX rule_of_pair ON rule (pair_id);
CREATE UNIQUE INDEX rule_once ON rule (pair_id, weekday, local_time) WHERE closed_at IS NULL;
CREATE INDEX rule_open ON rule (planned_until_on) WHERE closed_at IS NULL;

CREATE TABLE appointment (
    id          BIGINT PRIMARY KEY,
    pair_id     BIGINT NOT NULL REFERENCES pair (id),
    rule_id     BIGINT REFERENCES rule (id),
    local_on    TEXT NOT NULL,
    local_time  TEXT NOT NULL,
    timezone    TEXT NOT NULL,
    starts_at   BIGINT NOT NULL,
    ends_at     BIGINT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('planned', 'cancelled', 'moved', 'did_not_meet')),
    state_at    BIGINT NOT NULL,
    moved_to    BIGINT REFERENCES appointment (id),
    asked       TEXT CHECK (asked IN ('asked', 'not_asked')),
    asked_at    BIGINT,                     -- when the decision to ask or not was made
    not_asked_reason TEXT,
    UNIQUE (rule_id, local_on)
);
CREATE INDEX appointment_undecided ON appointment (ends_at)
    WHERE asked IS NULL AND state = 'planned';
CREATE INDEX appointment_of_pair ON appointment (pair_id, starts_at);
CREATE UNIQUE INDEX appointment_single ON appointment (pair_id, starts_at)
    WHERE rule_id IS NULL AND state = 'planned';

CREATE TABLE checkin (
    id              BIGINT PRIMARY KEY,
    pair_id         BIGINT NOT NULL REFERENCES pair (id),
    appointment_id  BIGINT REFERENCES appointment (id),
    kind            TEXT NOT NULL CHECK (kind IN ('session', 'before_first')),
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
    UNIQUE (appointment_id, pair_id)
);
CREATE UNIQUE INDEX checkin_before_first ON checkin (pair_id) WHERE kind = 'before_first';
CREATE INDEX checkin_of_pair ON checkin (pair_id, due_at);
CREATE INDEX checkin_closing ON checkin (closes_at) WHERE state = 'open';

CREATE TABLE answer (
    checkin_id  BIGINT NOT NULL REFERENCES checkin (id),
    item        TEXT NOT NULL,
    value       BLOB,                       -- sealed; null: skipped
    disclosure  TEXT CHECK (disclosure IN ('keep', 'show', 'raise')),   -- free text only
    in_hand_at  BIGINT,                     -- being answered or gone back to: the position
    answered_at BIGINT NOT NULL,            -- first time
    changed_at  BIGINT NOT NULL,            -- latest time
    PRIMARY KEY (checkin_id, item)
);

CREATE TABLE answer_earlier (               -- what a correction after completion replaced
    checkin_id  BIGINT NOT NULL REFERENCES checkin (id),
    item        TEXT NOT NULL,
    value       BLOB,                       -- sealed to answer|value|checkin_id|item, as it was
    disclosure  TEXT,
    changed_at  BIGINT NOT NULL,            -- from then …
    replaced_at BIGINT NOT NULL,            -- … to then it stood
    PRIMARY KEY (checkin_id, item, replaced_at)
);

CREATE TABLE digest (
    id           BIGINT PRIMARY KEY,
    therapist_id BIGINT NOT NULL REFERENCES person (id),
    number       BIGINT NOT NULL,
    from_at      BIGINT NOT NULL,           -- covers (from_at, cut_at]
    cut_at       BIGINT NOT NULL,
    made_at      BIGINT NOT NULL,
    opened_at    BIGINT,
    UNIQUE (therapist_id, number)
);

CREATE TABLE digest_entry (                 -- which pair stands on which page, frozen when made
    digest_id BIGINT NOT NULL REFERENCES digest (id),
    pair_id   BIGINT NOT NULL REFERENCES pair (id),
    page      BIGINT NOT NULL,
    place     BIGINT NOT NULL,
    standing  TEXT NOT NULL CHECK (standing IN ('first', 'expanded', 'calm', 'silent')),
    PRIMARY KEY (digest_id, pair_id)
);

CREATE TABLE acknowledgement (
    id          BIGINT PRIMARY KEY,
    digest_id   BIGINT NOT NULL REFERENCES digest (id),
    pair_id     BIGINT NOT NULL REFERENCES pair (id),
    kind        TEXT NOT NULL CHECK (kind IN ('read', 'talk')),
    made_at     BIGINT NOT NULL,
    raised_at   BIGINT,                     -- read became talk
    told_at     BIGINT,
    reply       TEXT CHECK (reply IN ('ok', 'rather_not')),
    replied_at  BIGINT,
    UNIQUE (digest_id, pair_id)
);
CREATE INDEX acknowledgement_of_pair ON acknowledgement (pair_id, made_at);

CREATE TABLE message (                      -- the outbox
    id               BIGINT PRIMARY KEY,
    kind             TEXT NOT NULL CHECK (kind IN
                     ('prompt', 'reminder', 'ack', 'digest', 'notice')),
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
CREATE INDEX message_due ON message (due_at) WHERE state = 'queued';
CREATE INDEX message_sending ON message (claimed_at) WHERE state = 'sending';
CREATE INDEX message_of_person ON message (person_id);

CREATE TABLE seen_update (
    update_id BIGINT PRIMARY KEY,
    seen_at   BIGINT NOT NULL
);
CREATE INDEX seen_update_age ON seen_update (seen_at);

CREATE TABLE set_aside (                    -- updates that could not be handled
    id           BIGINT PRIMARY KEY,
    update_id    BIGINT,
    body         BLOB NOT NULL,             -- sealed
    reason       TEXT NOT NULL,             -- a class name, never content
    set_aside_at BIGINT NOT NULL
);
CREATE INDEX set_aside_age ON set_aside (set_aside_at);

CREATE TABLE audit (                        -- who did what, without content; only ever added to
    id          BIGINT PRIMARY KEY,
    at          BIGINT NOT NULL,
    actor_id    BIGINT,                     -- person; null: the program or the command line
    act         TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object_id   BIGINT NOT NULL
);
CREATE INDEX audit_age ON audit (at);
