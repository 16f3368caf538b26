"""Which job name runs what. What events wake is connected where the application is made (`app.listen`, `letters`)."""

from lmsapp.certificates import jobs as certificate_jobs
from lmsapp.core import mailing
from lmsapp.core.jobs import Registry
from lmsapp.exams import jobs as exam_jobs
from lmsapp.installation import Installation
from lmsapp.letters import heads
from lmsapp.materials import jobs as material_jobs


def connect(installation: Installation) -> Registry:
    """Connects everything once a process; returns the jobs by name."""
    jobs = Registry()
    mailing.register_jobs(jobs, installation.settings)
    exam_jobs.register(jobs, installation.settings)
    certificate_jobs.register(jobs, installation.settings)
    material_jobs.register(jobs, installation.settings)
    heads.register(jobs, installation.settings)
    return jobs
