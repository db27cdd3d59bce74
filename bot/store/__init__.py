"""Every SQL statement of Rapport, as text; functions take a transaction and never commit."""
