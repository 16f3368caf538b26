"""Forms of materials."""

from lmsapp.core.translations import lazy_gettext as later
from lmsapp.web.forms import Form, Line, needed


class WithdrawForm(Form):
    """Withdrawing an edition, with the reason."""

    reason = Line(later("Reason"), [needed(later("Write the reason."))])
