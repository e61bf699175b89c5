"""Weave's wire shapes: request bodies in, calls out. Pure functions."""
