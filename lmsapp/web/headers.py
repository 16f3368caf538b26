"""Headers of every reply: a content policy with a nonce, no sniffing, no framing, no caching of signed-in pages."""

import secrets

from flask import Flask, Response, g, request
from flask_login import current_user

CACHED_FOREVER = "public, max-age=31536000, immutable"
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}


def install(app: Flask, *, secure: bool) -> None:
    """Adds the headers to every reply, error pages included."""
    fixed = ALWAYS | {"Strict-Transport-Security": "max-age=31536000"} if secure else ALWAYS

    @app.after_request
    def protect(response: Response) -> Response:
        headers = response.headers
        headers.extend(fixed)
        headers.add("Content-Security-Policy", content_policy())
        if request.endpoint != "static" and "Cache-Control" not in headers:
            headers["Cache-Control"] = "no-store" if current_user.is_authenticated else "private, no-cache"
        return response

    app.jinja_env.globals["nonce"] = nonce


def nonce() -> str:
    """This reply's random token for the scripts it carries itself."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    found: str = g.nonce
    return found


def content_policy() -> str:
    """Scripts, styles, fonts and forms from this site alone; nothing inline but what carries the nonce."""
    script = f"'self' 'nonce-{g.nonce}'" if "nonce" in g else "'self'"
    return (
        f"default-src 'none'; script-src {script}; style-src 'self'; img-src 'self' data: blob:; media-src 'self'; "
        "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
