"""The offline checker: one page in six languages that works from a memory stick, with our public keys and today's list."""

import json
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from sqlalchemy.orm import Session

from lmsapp.accounts import queries as accounts
from lmsapp.certificates import revoking
from lmsapp.core import clock, paths
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.settings import Settings
from lmsapp.core.signing import KeyRing
from lmsapp.core.translations import gettext as _
from lmsapp.core.translations import use

VENDORED = Path(__file__).parent / "ed25519.js"


def page(session: Session, ring: KeyRing, settings: Settings) -> str:
    """The page as one HTML text; it loads nothing and tells nobody."""
    data = {
        "keys": {
            key.id: {
                "octets": key.octets.hex(),
                "compromised": key.compromised_at.isoformat() if key.compromised_at else None,
            }
            for key in ring.public_keys()
        },
        "list": json.loads(revoking.make_list(session, ring, settings.stale_list_days))["list"],
        "stale": settings.stale_list_days,
        "words": {code: _words(session, code) for code in LANGUAGES},
        "kinds": ["attendance", "achievement", "qualification", "eore-card"],
        "prefixes": {"attendance": "AT", "achievement": "AC", "qualification": "QU", "eore-card": "EO"},
    }
    safe = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    return _template().render(
        data=safe,
        ed25519=VENDORED.read_text(encoding="utf-8"),
        made=clock.now().date().isoformat(),
        languages=LANGUAGES.values(),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(str(paths.shipped("templates"))), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("certificates/checker.html")


def _words(session: Session, code: str) -> dict[str, str]:
    with use(code):
        return {
            "direction": LANGUAGES[code].direction,
            "tag": LANGUAGES[code].tag,
            "centre": accounts.centre_name(session, code) or "",
            "title": _("Check a certificate"),
            "hint": _("Paste the text of the QR code, or scan it with the camera."),
            "field": _("Text of the QR code"),
            "check": _("Check"),
            "scan": _("Scan the QR code"),
            "noscan": _("This browser can't scan. Use the camera app, copy the link and paste it."),
            "valid": _("Genuine and valid"),
            "valid_next": _("Compare the name with an identity document."),
            "expired": _("Genuine, but expired"),
            "suspended": _("Genuine, but suspended"),
            "revoked": _("Genuine, but revoked"),
            "superseded": _("Genuine, but replaced by another"),
            "since": _("since {date}"),
            "lapsed_next": _("The holder may not do this work until this is put right."),
            "stale": _("Genuine, but the list is {days} days old"),
            "stale_next": _("It may have been revoked since; download a new checker where there is a network."),
            "not_ours": _("Not ours, or altered"),
            "not_ours_next": _("Scan once more; then do not rely on this paper, and tell the centre."),
            "demonstration": _("Demonstration: this is not an award."),
            "holder": _("Holder"),
            "course": _("Course"),
            "hours": _("Hours"),
            "issued": _("Issued"),
            "until": _("Valid until"),
            "serial": _("Serial"),
            "made": _("Revocation list of {date}"),
            "offline": _("Works without a network; nothing leaves this device."),
        }
