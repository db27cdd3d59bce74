-- Calendars that config.toml declares. One that is not read rests: somebody has said no to it
-- (declined), or the file does not have it any more (gone).

ALTER TABLE feed ADD COLUMN rests TEXT CHECK (rests IN ('declined', 'gone'));
