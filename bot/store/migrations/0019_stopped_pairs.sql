-- The sweep asks also whose retention is over since the client stopped.

CREATE INDEX pair_stopped ON pair (stopped_at) WHERE state = 'stopped';
