"""The operators' web pages; for now health and metrics."""
