"""Pure: bytes and strings in, values out. No clock, network, database, logging or randomness."""
