"""FLOW: which processors and exporters what comes in passes, as the configuration draws it."""
