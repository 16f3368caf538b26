"""Which event wakes which function, and which job name runs what. The only place that connects capabilities upwards."""

from lmsapp.accounts import watching
from lmsapp.certificates import jobs as certificate_jobs
from lmsapp.certificates import objecting as certificates
from lmsapp.cohorts.events import CohortCancelled, CohortChanged
from lmsapp.core import mailing
from lmsapp.core.events import subscribe
from lmsapp.core.jobs import Registry
from lmsapp.exams import jobs as exam_jobs
from lmsapp.exams import objecting as exams
from lmsapp.installation import Installation
from lmsapp.letters import heads
from lmsapp.materials import jobs as material_jobs
from lmsapp.web.errors import Refused


def connect(installation: Installation) -> Registry:
    """Connects everything once a process; returns the jobs by name."""
    jobs = Registry()
    mailing.register_jobs(jobs, installation.settings)
    exam_jobs.register(jobs, installation.settings)
    certificate_jobs.register(jobs, installation.settings)
    material_jobs.register(jobs, installation.settings)
    heads.register(jobs, installation.settings)
    return jobs


def listen() -> None:
    """Connects those who may object to what happens below them, and the watch over refusals."""
    subscribe(Refused, watching.count)
    subscribe(CohortChanged, exams.keep_edition)
    subscribe(CohortCancelled, exams.let_finish)
    subscribe(CohortCancelled, certificates.stand)
