"""Who may prepare, sit, watch, mark and release exams. Each `may_…` has its `visible_…` beside it."""

from sqlalchemy import Select, false, or_, select

from lmsapp.accounts.roles import Role
from lmsapp.cohorts.models import Cohort, CohortStaff, Enrolment
from lmsapp.core import clock
from lmsapp.core.access import YES, Actor, Answer, yes_if
from lmsapp.core.translations import N_
from lmsapp.exams.models import Attempt, QuestionDraft, Sitting

READERS = (Role.MANAGER, Role.AUDITOR)


def taught_by(actor: Actor) -> Select[int]:
    """Ids of the cohorts the actor teaches or assesses today."""
    parts = [p for p, role in (("instructor", Role.INSTRUCTOR), ("assessor", Role.ASSESSOR)) if actor.is_a(role)]
    query = select(CohortStaff.cohort_id)
    return (
        query.where(CohortStaff.person_id == actor.person_id, CohortStaff.part.in_(parts))
        if parts
        else query.where(false())
    )


def visible_sittings(actor: Actor) -> Select[Sitting]:
    """Sittings of the cohorts one teaches or assesses; all for training managers and auditors; her own for a trainee."""
    query = select(Sitting)
    if actor.keeper or actor.is_a(*READERS):
        return query
    if actor.person_id is None:
        return query.where(false())
    enrolled = select(Enrolment.cohort_id).where(Enrolment.person_id == actor.person_id, Enrolment.state == "enrolled")
    return query.where(or_(Sitting.cohort_id.in_(taught_by(actor)), Sitting.cohort_id.in_(enrolled)))


def visible_attempts(actor: Actor) -> Select[Attempt]:
    """Attempts of the sittings one watches, and one's own."""
    query = select(Attempt)
    if actor.keeper or actor.is_a(*READERS):
        return query
    if actor.person_id is None:
        return query.where(false())
    watched = select(Sitting.id).where(Sitting.cohort_id.in_(taught_by(actor)))
    return query.where(or_(Attempt.person_id == actor.person_id, Attempt.sitting_id.in_(watched)))


def _teaches(actor: Actor, cohort: Cohort, *parts: str) -> bool:
    roles = {"instructor": Role.INSTRUCTOR, "assessor": Role.ASSESSOR}
    return any(s.person_id == actor.person_id and s.part in parts and actor.is_a(roles[s.part]) for s in cohort.staff)


def may_watch(actor: Actor, sitting: Sitting | None = None) -> Answer:
    """Seeing a sitting's room and results: its instructors and assessors, training managers, auditors."""
    wide = actor.keeper or actor.is_a(*READERS)
    if sitting is None:
        return yes_if(
            wide or actor.is_a(Role.INSTRUCTOR, Role.ASSESSOR), N_("Only those who teach or assess may see sittings.")
        )
    return yes_if(
        wide or _teaches(actor, sitting.cohort, "instructor", "assessor"),
        N_("Only those who teach or assess this cohort may see its exams."),
    )


def may_note(actor: Actor, sitting: Sitting | None = None) -> Answer:
    """Writing notes about a room: those who teach or assess its cohort, training managers."""
    manages = actor.keeper or actor.is_a(Role.MANAGER)
    if sitting is None:
        inside = actor.is_a(Role.INSTRUCTOR, Role.ASSESSOR)
    else:
        inside = _teaches(actor, sitting.cohort, "instructor", "assessor")
    return yes_if(manages or inside, N_("Only those who hold this exam may write notes about it."))


def may_hold(actor: Actor, cohort: Cohort | None = None) -> Answer:
    """Preparing a sitting, giving extra time, releasing: the cohort's instructors and the training manager."""
    if actor.keeper or actor.is_a(Role.MANAGER):
        return YES
    inside = actor.is_a(Role.INSTRUCTOR) and (cohort is None or _teaches(actor, cohort, "instructor"))
    return yes_if(inside, N_("Only the instructors of this cohort may hold its exams."))


def may_void(actor: Actor, _thing: object = None) -> Answer:
    """Taking an attempt out of every count: the training manager, who does not hold the exam."""
    return yes_if(actor.keeper or actor.is_a(Role.MANAGER), N_("Only training managers may void an attempt."))


def may_sit(actor: Actor, _sitting: Sitting | None = None) -> Answer:
    """Sitting an exam: whoever is enrolled in its cohort; which one is asked when it begins."""
    return yes_if(actor.person_id is not None, N_("Sign in to sit an exam."))


def may_key(actor: Actor, sitting: Sitting | None = None) -> Answer:
    """Keying and reconciling answer sheets: those who teach or assess the cohort, and training managers."""
    inside = actor.is_a(Role.MANAGER) or (
        actor.is_a(Role.INSTRUCTOR, Role.ASSESSOR)
        if sitting is None
        else _teaches(actor, sitting.cohort, "instructor", "assessor")
    )
    return yes_if(inside, N_("Only those who teach or assess this cohort may key its answer sheets."))


def may_write(actor: Actor, attempt: Attempt | None = None) -> Answer:
    """Answering: the candidate herself; what she wrote on paper is brought in by those who key it."""
    if attempt is not None and attempt.mode == "paper":
        return may_key(actor, attempt.sitting)
    return yes_if(
        actor.person_id is not None and (attempt is None or attempt.person_id == actor.person_id),
        N_("Only the candidate may write in this exam."),
    )


def may_see_paper(actor: Actor, attempt: Attempt | None = None) -> Answer:
    """What stands in a paper: its candidate once she was handed it, and those who watch the sitting."""
    if attempt is None:
        return yes_if(actor.known, N_("Sign in to see this page."))
    own = attempt.person_id == actor.person_id and attempt.state != "prepared"
    return yes_if(own or may_watch(actor, attempt.sitting), N_("Only the candidate may see this paper."))


def may_read_result(actor: Actor, attempt: Attempt | None = None) -> Answer:
    """Results: the candidate after release; those who watch the sitting before."""
    if attempt is None:
        return yes_if(actor.known, N_("Sign in to see this page."))
    own = attempt.person_id == actor.person_id and attempt.state == "released"
    return yes_if(own or may_watch(actor, attempt.sitting), N_("Results can be seen after they are released."))


def _own_and_over(actor: Actor, attempt: Attempt | None) -> bool:
    """One's own released attempt, when nobody can begin the exam any more: a result shown at once tells no answers."""
    if attempt is None or attempt.person_id != actor.person_id or attempt.state != "released":
        return False
    return attempt.sitting.released_at is not None or attempt.sitting.closes_at <= clock.now()


def may_read_answers(actor: Actor, attempt: Attempt | None = None) -> Answer:
    """What a candidate answered: herself after release, those who teach or assess her cohort, auditors; others see the result."""
    inside = attempt is not None and _teaches(actor, attempt.sitting.cohort, "instructor", "assessor")
    return yes_if(
        _own_and_over(actor, attempt) or inside or actor.keeper or actor.is_a(Role.AUDITOR),
        N_("Only those who teach or assess this cohort may read the answers."),
    )


def may_read_key(actor: Actor, attempt: Attempt | None = None) -> Answer:
    """What would have been right: the candidate after release, those who teach or assess her cohort."""
    inside = attempt is not None and _teaches(actor, attempt.sitting.cohort, "instructor", "assessor")
    own = _own_and_over(actor, attempt)
    return yes_if(own or inside or actor.keeper, N_("Only those who teach or assess this cohort may see the key."))


def may_judge(actor: Actor, sitting: Sitting | None = None) -> Answer:
    """Marking written answers: the assessors and instructors of the sitting's cohort."""
    return may_judge_cohort(actor, sitting.cohort if sitting else None)


def may_judge_cohort(actor: Actor, cohort: Cohort | None = None) -> Answer:
    """Marking the written answers of a cohort's sittings."""
    inside = actor.is_a(Role.INSTRUCTOR, Role.ASSESSOR) and (
        cohort is None or _teaches(actor, cohort, "instructor", "assessor")
    )
    return yes_if(inside or actor.keeper, N_("Only the assessors and instructors of this cohort may mark its exams."))


def may_correct(actor: Actor, sitting: Sitting | None = None) -> Answer:
    """Correcting marks that stand: the sitting's assessors."""
    inside = actor.is_a(Role.ASSESSOR) and (sitting is None or _teaches(actor, sitting.cohort, "assessor"))
    return yes_if(inside or actor.keeper, N_("Only the assessors of this cohort may correct its marks."))


def may_author(actor: Actor, _thing: object = None) -> Answer:
    """Reading and drafting questions with their keys: instructors and training managers of the centre."""
    return yes_if(
        actor.keeper or actor.is_a(Role.INSTRUCTOR, Role.MANAGER),
        N_("Only instructors and training managers may see questions."),
    )


def may_publish(actor: Actor, _thing: object = None) -> Answer:
    """Putting questions into a bank, retiring them: training managers; instructors draft."""
    return yes_if(actor.keeper or actor.is_a(Role.MANAGER), N_("Only training managers may put questions into a bank."))


def may_draft(actor: Actor, draft: QuestionDraft | None = None) -> Answer:
    """Writing on in a draft: whoever wrote it, and training managers."""
    own = draft is None or draft.made_by == actor.person_id
    return yes_if(
        actor.keeper or actor.is_a(Role.MANAGER) or (actor.is_a(Role.INSTRUCTOR) and own),
        N_("Only its author and training managers may change this draft."),
    )


def may_compose(actor: Actor, _thing: object = None) -> Answer:
    """Deciding what an exam asks, how long it takes and when it is passed: training managers."""
    return yes_if(actor.keeper or actor.is_a(Role.MANAGER), N_("Only training managers may compose exams."))
