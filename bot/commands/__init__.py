"""What single commands of the command line carry out, each with a database it opens for itself.

Most work beside a bot that may be running; those that must not hold its lock. Refuses to know how
things are asked and told in a terminal: that is `bot.cli`.
"""
