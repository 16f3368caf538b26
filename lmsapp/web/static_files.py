"""Style, fonts and scripts: named with the digest of their content, cached for ever, compressed once."""

import gzip
import hashlib
import re
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, current_app, request, url_for

from lmsapp.web.headers import CACHED_FOREVER

COMPRESSED_TYPES = ("text/", "application/json", "application/javascript", "image/svg+xml", "application/xml")
SMALLEST = 700
FONT = re.compile(rb"(fonts/[\w-]+\.woff2)")
COMMENT = re.compile(rb"/\*.*?\*/", re.DOTALL)
SPACES, AROUND = re.compile(rb"\s+"), re.compile(rb" ?([{};,]) ?|(?<=:) ")


def install(app: Flask) -> None:
    """Adds `static_url` to templates and compresses replies for those who take gzip."""
    app.jinja_env.globals["static_url"] = static_url
    app.after_request(_keep_for_ever)
    app.after_request(_compress)
    app.after_request(_name_fonts)  # the last one added is the first one run


def static_url(name: str) -> str:
    """The address of a static file, which changes when the file does."""
    return _address(current_app.static_folder or "", name)


@lru_cache(maxsize=200)
def _address(folder: str, name: str) -> str:
    return url_for("static", filename=name, v=_digest(str(Path(folder) / name)))


@lru_cache(maxsize=200)
def _digest(path: str) -> str:
    return hashlib.sha256(_content(path)).hexdigest()[:10]


@lru_cache(maxsize=100)
def _packed(path: str) -> bytes:
    return gzip.compress(_content(path), 9, mtime=0)


@lru_cache(maxsize=200)
def _content(path: str) -> bytes:
    """What is sent of a file: a style sheet without its comments and spaces, every font in it with its digest, so that the
    page's preload is that font.
    """
    content = Path(path).read_bytes()
    if not path.endswith(".css"):
        return content
    content = AROUND.sub(rb"\1", SPACES.sub(b" ", COMMENT.sub(b"", content)))
    return FONT.sub(lambda m: m[1] + b"?v=" + _digest(str(Path(path).parent / m[1].decode())).encode(), content)


def _keep_for_ever(response: Response) -> Response:
    if request.endpoint == "static" and response.status_code == 200 and request.args.get("v"):
        response.headers["Cache-Control"] = CACHED_FOREVER
        response.headers["Service-Worker-Allowed"] = "/"
    return response


def _name_fonts(response: Response) -> Response:
    if request.endpoint == "static" and response.mimetype == "text/css" and response.status_code == 200:
        _send_instead(response, _content(_path_of_request()))
    return response


def _send_instead(response: Response, content: bytes) -> None:
    """Lets go of the file that would have been sent."""
    response.close()
    response.direct_passthrough = False
    response.set_data(content)


def _path_of_request() -> str:
    return str(Path(current_app.static_folder or "") / (request.view_args or {})["filename"])


def _compress(response: Response) -> Response:
    if (
        response.status_code != 200
        or "Content-Encoding" in response.headers
        or not (response.mimetype or "").startswith(COMPRESSED_TYPES)
        or "gzip" not in request.headers.get("Accept-Encoding", "")
    ):
        return response
    if request.endpoint == "static":
        _send_instead(response, _packed(_path_of_request()))
    elif response.is_streamed or len(response.get_data()) < SMALLEST:
        return response
    else:
        response.set_data(gzip.compress(response.get_data(), 5, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    response.headers.add("Vary", "Accept-Encoding")
    return response
