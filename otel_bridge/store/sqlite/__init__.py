"""Calls in one SQLite file: a writer and readers, in processes of their own."""
