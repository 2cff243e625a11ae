"""APScheduler wiring only."""
