"""Scoring over HTTP: jobs come in by `/calls/score`, workers take tasks below `/bridge/scoring`."""
