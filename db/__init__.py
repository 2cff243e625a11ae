"""Tables, queries by noun, migrations and the embedded Postgres. All SQL is here."""
