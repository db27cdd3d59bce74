-- A backup was put in the database's place: what came after it is lost. Until somebody says that the
-- bot goes on, it is on hold and sends nothing of its own accord.

CREATE TABLE loss (
    id         BIGINT PRIMARY KEY,
    from_at    BIGINT NOT NULL,             -- the newest time that the backup knows of
    until_at   BIGINT NOT NULL,             -- when it was restored
    resumed_at BIGINT                       -- null: on hold
);
CREATE INDEX loss_until ON loss (until_at);

-- Perhaps asked or answered in lost hours, which ended then: silence is not to be read into it.
ALTER TABLE checkin ADD COLUMN lost_at BIGINT;

-- An end that was planned and may have been undone in lost hours, which ended then: it was taken back.
ALTER TABLE pair ADD COLUMN end_lost_at BIGINT;
