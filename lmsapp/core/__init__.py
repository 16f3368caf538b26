"""Mechanisms: time, storage, languages, mail, PDF, permissions. Knows neither HTTP nor the field of mine action."""
