"""Who may do what: keys, client certificates, rights, projects, rate limits, TLS. Knows no web server."""
