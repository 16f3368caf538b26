"""Persons, organisations, memberships and roles; how one signs in.

Rule: a person is told by her number, not by her name; what she may is told by her memberships that run today.
Terms: *centre* (the one organisation that teaches and awards), *partner*, *donor*; *secret* (a PIN of six digits on a
login slip, or a password); *slip* (printed person number and one-time PIN); *sign-in* (a server-side session).
"""
