-- Which questionnaires check-ins were made with is asked at each start. It is an index of both
-- columns joined, so that no statement that finds check-ins by other columns is tempted to use it.

CREATE INDEX checkin_of_questionnaire ON checkin ((instrument || '-' || instrument_version));
