"""KEEP: what waits to be delivered, durable until every destination has it."""
