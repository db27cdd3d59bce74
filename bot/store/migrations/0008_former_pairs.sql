-- Each sweep asks whose retention and whose pause is over: not by reading all who ever came.

CREATE INDEX pair_over ON pair (ended_at) WHERE state = 'ended';
CREATE INDEX pair_resuming ON pair (paused_until_on) WHERE state = 'paused';
