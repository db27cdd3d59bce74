"""Other bots that hold the same survey, each the way its own documentation recommends."""
