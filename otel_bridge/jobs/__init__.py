"""Transports of scoring jobs: what is sent and what is promised. Knows neither scorers nor stores."""
