"""ASK: the small language in which filters and routes say which spans they mean."""
