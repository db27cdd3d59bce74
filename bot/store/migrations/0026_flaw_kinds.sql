-- More of what in a calendar cannot be taken as it stands: zones by endless rules, ids given twice.

CREATE TABLE feed_flaw_now (
    feed_id BIGINT NOT NULL REFERENCES feed (id),
    knows   BLOB NOT NULL,                  -- hash: by what it is known again
    kind    TEXT NOT NULL CHECK (
        kind IN ('too_often', 'bad_rule', 'bad_event', 'zone', 'zone_rule', 'twice')
    ),
    starts  TEXT NOT NULL,                  -- as it stands there, ? where it cannot be read
    line    BIGINT NOT NULL,                -- the first is 1; 0 where it is not known
    told_at BIGINT,                         -- the owner was told
    gone_at BIGINT,                         -- it is not there any more
    PRIMARY KEY (feed_id, knows)
);
INSERT INTO feed_flaw_now (feed_id, knows, kind, starts, line, told_at, gone_at)
    SELECT feed_id, knows, kind, starts, line, told_at, gone_at FROM feed_flaw;
DROP TABLE feed_flaw;
ALTER TABLE feed_flaw_now RENAME TO feed_flaw;
