"""The durable queue in a SQLite file of its own."""
