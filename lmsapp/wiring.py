"""Which event wakes which function, and which job name runs what. The only place that connects capabilities upwards."""

from lmsapp.certificates import jobs as certificate_jobs
from lmsapp.core import mailing
from lmsapp.core.jobs import Registry
from lmsapp.exams import jobs as exam_jobs
from lmsapp.installation import Installation
from lmsapp.materials import jobs as material_jobs


def connect(installation: Installation) -> Registry:
    """Connects everything once a process; returns the jobs by name."""
    jobs = Registry()
    mailing.register_jobs(jobs, installation.settings)
    exam_jobs.register(jobs, installation.settings)
    certificate_jobs.register(jobs, installation.settings)
    material_jobs.register(jobs, installation.settings)
    return jobs
