"""CHANGE: what passes a pipeline may be edited, masked, sampled or dropped, before anything keeps it."""
