"""All tables in one place, for migrations, backup and tests; nothing else imports this."""

from lmsapp.accounts import models as accounts
from lmsapp.catalogue import models as catalogue
from lmsapp.certificates import models as certificates
from lmsapp.cohorts import models as cohorts
from lmsapp.core import audit, jobs, mailing, runs
from lmsapp.core.orm import Base, say_conditions
from lmsapp.engagements import models as engagements
from lmsapp.exams import models as exams
from lmsapp.materials import models as materials
from lmsapp.translation import messages
from lmsapp.translation import models as translation

say_conditions(Base.metadata)

__all__ = [
    "Base",
    "accounts",
    "audit",
    "catalogue",
    "certificates",
    "cohorts",
    "engagements",
    "exams",
    "jobs",
    "mailing",
    "materials",
    "messages",
    "runs",
    "translation",
]
