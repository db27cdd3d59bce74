-- What in a calendar cannot be taken as it stands: when it begins and in which line it stands.

CREATE TABLE feed_flaw (
    feed_id BIGINT NOT NULL REFERENCES feed (id),
    knows   BLOB NOT NULL,                  -- hash: by what it is known again
    kind    TEXT NOT NULL CHECK (kind IN ('too_often', 'bad_rule', 'bad_event', 'zone')),
    starts  TEXT NOT NULL,                  -- as it stands there, ? where it cannot be read
    line    BIGINT NOT NULL,                -- the first is 1; 0 where it is not known
    told_at BIGINT,                         -- the owner was told
    gone_at BIGINT,                         -- it is not there any more
    PRIMARY KEY (feed_id, knows)
);
