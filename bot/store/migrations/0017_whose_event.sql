-- Whether an event of the practice's calendar is nobody's follows from what each therapist has said
-- and from who could have it now: it is a verdict no more. Who has been asked has a reply from then
-- on, due again at once.

ALTER TABLE feed_series ADD COLUMN gone_at BIGINT;  -- nothing of it is to come; what was said stays

UPDATE feed_series SET later_at = 0 WHERE verdict IS NULL AND later_at IS NULL AND feed_id IN
    (SELECT id FROM feed WHERE therapist_id IS NOT NULL AND accepted_at IS NOT NULL);
INSERT INTO feed_reply (series_id, therapist_id, later_at)
    SELECT feed_series.id, person.id, 0 FROM feed_series, person
    WHERE verdict IS NULL AND feed_id IN
        (SELECT id FROM feed WHERE therapist_id IS NULL AND accepted_at IS NOT NULL)
    AND person.id IN (SELECT therapist_id FROM pair
        WHERE state IN ('invited', 'joined', 'active', 'paused'))
    ON CONFLICT DO NOTHING;
UPDATE feed_series SET verdict = NULL WHERE verdict = 'no_client' AND feed_id IN
    (SELECT id FROM feed WHERE therapist_id IS NULL);
