-- Whoever takes clients over, and the admins, are told once what came of a handover.

ALTER TABLE handover ADD COLUMN told_at BIGINT;
