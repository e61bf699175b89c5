"""Calls in one SQLite file."""
