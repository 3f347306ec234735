"""Building emails, and what a failed hand-over means."""
