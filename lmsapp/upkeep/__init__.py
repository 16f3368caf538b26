"""Keeping an installation well: doctor, backup and restore, audit check, key rotation; and what is built once for it."""
