"""Telegram's wire: what comes in is committed before it is confirmed, what goes out is classed.

Owns every HTTP call to the Bot API: `request` says what became of one call, `pacing` keeps
Telegram's limits, `messenger` is one attempt to speak, `lanes` carries answers to each chat in
order, `receiver` polls and confirms. Refuses to know what a message is about: screens come in
ready-made, updates go to a `process` function, and no text, update or token reaches a log.
"""
