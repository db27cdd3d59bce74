-- After a change of the master key, open invitations are still found by the key of before.

ALTER TABLE practice ADD COLUMN invitation_key BLOB;    -- wrapped; null: the master key derives it
