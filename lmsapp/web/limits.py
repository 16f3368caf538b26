"""Rate limits per address on what a stranger may try: sign-in, resets, verification."""

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(get_remote_address, default_limits=[], storage_uri="memory://", headers_enabled=True)
sign_ins = limiter.limit("60 per minute; 600 per hour", methods=["POST"])
letters = limiter.limit("10 per minute; 40 per hour", methods=["POST"])
look_ups = limiter.limit("30 per minute; 300 per hour")


def install(app: Flask) -> None:
    """Connects the limits."""
    limiter.init_app(app)
