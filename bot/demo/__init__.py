"""A practice on a stage: the real program, a local Telegram, and a clock that can be moved."""
