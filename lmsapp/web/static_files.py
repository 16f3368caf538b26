"""Style, fonts and scripts: named with the digest of their content, cached for ever, compressed once."""

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, current_app, request, url_for

from lmsapp.web.headers import CACHED_FOREVER

COMPRESSED_TYPES = ("text/", "application/json", "application/javascript", "image/svg+xml", "application/xml")
SMALLEST = 700


def install(app: Flask) -> None:
    """Adds `static_url` to templates and compresses replies for those who take gzip."""
    app.jinja_env.globals["static_url"] = static_url
    app.after_request(_keep_for_ever)
    app.after_request(_compress)


def static_url(name: str) -> str:
    """The address of a static file, which changes when the file does."""
    return url_for("static", filename=name, v=_digest(str(Path(current_app.static_folder or "") / name)))


@lru_cache(maxsize=200)
def _digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:10]


@lru_cache(maxsize=100)
def _packed(path: str, _digest_of_content: str) -> bytes:
    return gzip.compress(Path(path).read_bytes(), 9, mtime=0)


def _keep_for_ever(response: Response) -> Response:
    if request.endpoint == "static" and response.status_code == 200 and request.args.get("v"):
        response.headers["Cache-Control"] = CACHED_FOREVER
    return response


def _compress(response: Response) -> Response:
    if (
        response.status_code != 200
        or "Content-Encoding" in response.headers
        or not (response.mimetype or "").startswith(COMPRESSED_TYPES)
        or "gzip" not in request.headers.get("Accept-Encoding", "")
    ):
        return response
    if request.endpoint == "static":
        path = str(Path(current_app.static_folder or "") / (request.view_args or {})["filename"])
        response.direct_passthrough = False
        response.set_data(_packed(path, _digest(path)))
    elif response.is_streamed or len(response.get_data()) < SMALLEST:
        return response
    else:
        response.set_data(gzip.compress(response.get_data(), 5, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    response.headers.add("Vary", "Accept-Encoding")
    return response
