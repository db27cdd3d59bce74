-- Whose an event of the practice's calendar is, each therapist is asked who could have it.

CREATE TABLE feed_reply (
    series_id    BIGINT NOT NULL REFERENCES feed_series (id) ON DELETE CASCADE,
    therapist_id BIGINT NOT NULL REFERENCES person (id),
    later_at     BIGINT,                    -- asked again from then on; null: it is not theirs
    PRIMARY KEY (series_id, therapist_id)
);
