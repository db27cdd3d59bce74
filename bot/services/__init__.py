"""What people and ticks ask for: each public method is one transaction, no Telegram inside."""
