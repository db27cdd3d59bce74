-- When a therapist, or the whole practice, is away: nobody is asked, and no digest is sent.

CREATE TABLE absence (
    id          BIGINT PRIMARY KEY,
    owner_id    BIGINT NOT NULL,            -- a therapist's person id; 0: the practice
    first_on    TEXT NOT NULL,              -- whole local days of each therapist, both in
    last_on     TEXT NOT NULL,
    cover       BLOB,                       -- sealed with the therapist's key: who can be reached
    made_by     BIGINT,                     -- null: from the command line
    made_at     BIGINT NOT NULL,
    since_at    BIGINT NOT NULL,            -- what had begun by then took place
    changes_id  BIGINT,                     -- the one it is to stand in the place of
    agreed_at   BIGINT,                     -- null: shown, and nothing more
    over_at     BIGINT,                     -- taken back, or another one is in its place
    replaced_by BIGINT                      -- that one
);
CREATE INDEX absence_standing ON absence (owner_id) WHERE agreed_at IS NOT NULL AND over_at IS NULL;
CREATE INDEX absence_drafted ON absence (owner_id) WHERE agreed_at IS NULL;

-- Cancelled by an absence, and by nothing else: it comes back when that does not hold any more.
ALTER TABLE appointment ADD COLUMN absence_id BIGINT;
CREATE INDEX appointment_absent ON appointment (pair_id, starts_at) WHERE absence_id IS NOT NULL;

-- The last digest before an absence says until when that is.
ALTER TABLE digest ADD COLUMN away_until_on TEXT;
