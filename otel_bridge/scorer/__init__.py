"""Scorers: what they are, how they are named and set, and the kinds that need no model and no network."""
