"""The survey that every peer holds: five items of 0 to 10, then thanks and "again"."""

ITEMS = (
    "Did you feel heard, understood and respected?",
    "Could you trust each other and say what you thought?",
    "Did you work on what matters to you?",
    "Did the way of working make sense to you?",
    "All in all, did the session fit?",
)
THANKS = "Thank you. Your answers are kept."
AGAIN = "again"


def rows(item: int) -> list[list[tuple[str, str]]]:
    """Give the buttons below an item, as texts with their data: 13, or one after the last."""
    if item >= len(ITEMS):
        return [[("Again", AGAIN)]]
    numbers = [(str(n), f"rate.{item}.{n}") for n in range(11)]
    return [numbers[:6], numbers[6:], [("Not today", "no"), ("Help now", "help")]]
