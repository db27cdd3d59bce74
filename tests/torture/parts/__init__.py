"""The parts of the torture: one module each, with `run(seed) -> Tally`."""
