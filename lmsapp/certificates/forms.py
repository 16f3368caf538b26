"""Forms of certificates: checking, awarding, revoking."""

from typing import Any

from lmsapp.core.translations import gettext as _
from lmsapp.core.translations import lazy_gettext as later
from lmsapp.web.forms import Choice, Form, Line, Paragraphs, needed


class CheckForm(Form):
    """What was scanned or typed: the QR code's text, the printed code, or the serial."""

    text = Paragraphs(
        later("Verification code or serial"), [needed(later("Write the code that is printed on the certificate."))]
    )


class StateForm(Form):
    """Suspending, reinstating or revoking, with the reason."""

    act = Choice(later("What happens"))
    reason = Line(later("Reason"), [needed(later("Write the reason."))])

    def __init__(self, *args: Any, acts: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = {"suspended": _("Suspend"), "reinstated": _("Reinstate"), "revoked": _("Revoke for good")}
        self.act.choices = [(act, names[act]) for act in acts]
