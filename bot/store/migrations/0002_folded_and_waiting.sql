-- A closed check-in's message shows how it ended and has no buttons: when that was seen to.

ALTER TABLE checkin ADD COLUMN folded_at BIGINT;
UPDATE checkin SET folded_at = closed_at WHERE state <> 'open';
CREATE INDEX checkin_unfolded ON checkin (closed_at)
    WHERE folded_at IS NULL AND closed_at IS NOT NULL AND telegram_message IS NOT NULL;

-- Whoever joined and waits for the therapist's word is looked for at every plan tick.
CREATE INDEX pair_unconfirmed ON pair (joined_at)
    WHERE state = 'joined' AND confirmed_at IS NULL;
