"""Scoring over HTTP: jobs come in by `/calls/score`, workers take and settle tasks below `/bridge/scoring`."""
