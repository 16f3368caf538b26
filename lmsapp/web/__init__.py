"""Shared HTTP: sessions, language in the address, permissions of routes, headers, error pages. Views and forms alone use it."""
