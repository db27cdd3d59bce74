"""Where appointments come from: calendars on the web or in a file, read without guessing.

Owns fetching, reading and matching to a code. Refuses to touch the database: what a feed says is
handed on as plain facts, and a feed that could not be read says nothing.
"""
