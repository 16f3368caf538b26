"""Who may use which route, as a table: the oracle of the matrix test, reviewed like code. It imports no policy.

For each endpoint the members of the cast who may use it on the first world's objects. `PUBLIC` routes are for everybody;
`SIGNED_IN` ones for everybody who signed in.
"""

PUBLIC = {
    "accounts.letter",
    "accounts.lost_slip",
    "accounts.sign_in",
    "catalogue.course",
    "catalogue.courses",
    "catalogue.lesson",
    "certificates.check",
    "certificates.offline",
    "engagements.partner",
    "engagements.partners",
    "home.about",
    "home.accessibility",
    "home.help_page",
    "home.privacy",
    "home.search",
    "home.start",
    "machine.health",
    "machine.robots",
    "machine.root",
    "materials.edition",
    "materials.file",
    "materials.library",
    "materials.material",
    "materials.picture",
    "printed.current_edition",
    "static",
    "verification.from_code",
    "verification.revocation_list",
}
SIGNED_IN = {
    "accounts.choose_secret",
    "accounts.end_sessions",
    "accounts.profile",
    "accounts.sign_out",
    "certificates.mine",
    "cohorts.my_course",
    "materials.taken",
}
OVERSIGHT = {"manager", "administrator"}
READERS = {"manager", "administrator", "auditor"}
STAFF_OF_COHORT = {"instructor", "manager"}
MARKERS = {"instructor", "assessor"}
AUTHORS = {"instructor", "other_instructor", "manager"}

TABLE: dict[str, set[str]] = {
    # people
    "accounts.people": {*READERS, "partner", "other_partner", "other_administrator"},
    "accounts.person": {*READERS, "partner"},
    "accounts.new_person": {"manager", "administrator", "instructor", "other_instructor", "other_administrator"},
    "accounts.grant_role": {"administrator"},
    "accounts.end_role": {"administrator"},
    "accounts.open_or_close": {"administrator"},
    "accounts.correct_person": {"administrator"},
    "accounts.invite": {"manager", "administrator"},
    "accounts.slip": {"manager", "administrator"},
    "accounts.log": {"administrator", "auditor"},
    "accounts.organisations": {"administrator"},
    "accounts.organisation_state": {"administrator"},
    "home.status": {"administrator"},
    "home.style": {"administrator"},
    "home.cancel_job": {"manager", "administrator"},
    "home.resume_job": {"manager", "administrator"},
    # cohorts
    "cohorts.cohorts": {*READERS, "instructor", "other_instructor", "assessor", "partner", "other_partner"},
    "cohorts.cohort": {*READERS, "instructor", "assessor", "partner"},
    "cohorts.new_cohort": {"instructor", "other_instructor", "manager"},
    "cohorts.change": {"manager"},
    "cohorts.cancel": {"manager"},
    "cohorts.add_person": STAFF_OF_COHORT,
    "cohorts.hours": STAFF_OF_COHORT,
    "cohorts.slips": STAFF_OF_COHORT,
    "cohorts.staff": STAFF_OF_COHORT,
    "cohorts.slip": STAFF_OF_COHORT,
    "cohorts.withdraw": STAFF_OF_COHORT,
    "cohorts.learn": {"trainee"},
    "cohorts.lesson": {"trainee"},
    "cohorts.note_progress": {"trainee"},
    # exams
    "exams.sittings GET": {"instructor", "assessor", "manager", "auditor"},
    "exams.sittings POST": STAFF_OF_COHORT,
    "exams.room": {"instructor", "assessor", "manager", "auditor"},
    "exams.attempt": {"instructor", "assessor", "manager", "auditor"},
    "exams.note_room": {"instructor", "assessor", "manager"},
    "exams.note": {"instructor", "assessor", "manager"},
    **dict.fromkeys(
        (
            "exams.give_back",
            "exams.pause_room",
            "exams.resume_room",
            "exams.extend_room",
            "exams.room_code",
            "exams.release",
        ),
        STAFF_OF_COHORT,
    ),
    **dict.fromkeys(("exams.pause", "exams.resume", "exams.extend"), STAFF_OF_COHORT),
    "exams.void": {"manager"},
    **dict.fromkeys(("exams.analysis", "exams.item_analysis", "exams.analysis_sheet"), AUTHORS),
    "exams.count_anew": {"manager"},
    **dict.fromkeys(("exams.marking", "exams.judge", "exams.corrections", "exams.decide"), MARKERS),
    "exams.regrade": {"assessor"},
    "exams.points": {"assessor"},
    "exams.banks": AUTHORS,
    "exams.bank": AUTHORS,
    "exams.new_bank": {"manager"},
    "exams.bank_settings": {"manager"},
    "exams.drafts": AUTHORS,
    "exams.write": AUTHORS,
    "exams.write_question": AUTHORS,
    "exams.edit_draft": {"instructor", "manager"},
    "exams.publish_draft": {"manager"},
    "exams.send_back": {"manager"},
    "exams.bank_question": AUTHORS,
    "exams.revise_question": AUTHORS,
    "exams.duplicate_question": AUTHORS,
    "exams.retire_question": {"manager"},
    "exams.bring_back": {"manager"},
    "exams.exams": AUTHORS,
    "exams.exam GET": AUTHORS,
    "exams.exam POST": {"manager"},
    "exams.import_questions": AUTHORS,
    "exams.import_report": AUTHORS,
    "exams.export_questions": AUTHORS,
    "exams.bank_picture": AUTHORS,
    "exams.begin": {"trainee"},
    "exams.question": {"trainee"},
    "exams.events": {"trainee"},
    "exams.leave": {"trainee"},
    "exams.bundle": {"trainee"},
    "exams.collected GET": {"instructor", "assessor", "manager", "auditor"},
    "exams.collected POST": {"instructor", "assessor", "manager", "auditor"},
    "exams.wait_no_more": STAFF_OF_COHORT,
    "exams.judge_bundle": set(),  # the worlds hold no bundle; who may is asked in tests/exams/test_bundles.py
    "exams.picture": {"trainee", "instructor", "assessor", "manager", "auditor"},
    "exams.review": {"trainee"},
    "exams.hand_in": {"trainee"},
    "exams.receipt": {"trainee"},
    "exams.result": {"trainee", "instructor", "assessor", "manager", "auditor"},
    "exams.papers GET": {"instructor", "assessor", "manager"},
    "exams.papers POST": STAFF_OF_COHORT,
    "exams.print_papers": STAFF_OF_COHORT,
    "exams.papers_file": STAFF_OF_COHORT,
    "exams.paper_file": STAFF_OF_COHORT,
    "exams.find_paper": {"instructor", "other_instructor", "assessor", "manager"},
    "exams.key_paper": {"instructor", "assessor", "manager"},
    "exams.reconcile": {"instructor", "assessor", "manager"},
    # certificates
    "certificates.register": {*READERS, "instructor", "other_instructor", "assessor", "partner", "other_partner"},
    "certificates.award": {*READERS, "trainee", "instructor", "assessor", "partner"},
    "certificates.document": {*READERS, "trainee", "instructor", "assessor", "partner"},
    "certificates.state": {"manager"},
    "certificates.close_out": {*READERS, "instructor", "assessor", "partner"},
    "certificates.award_all": {"manager"},
    # materials
    "materials.withdraw": {"manager"},
}

# Objects that belong to nobody in particular: their address has an argument, but no owner.
WITHOUT_OWNER = {
    *("exams.bank", "exams.bank_settings", "exams.drafts", "exams.exam", "exams.write", "exams.write_question"),
    *("exams.import_questions", "exams.import_report", "exams.export_questions"),
    *("exams.analysis", "exams.item_analysis", "exams.analysis_sheet", "exams.count_anew"),
}
# An administrator of the second world's agency administers its people; the first world's agency has none in the cast.
OTHER_WORLD: dict[str, set[str]] = {
    name: {"other_administrator"}
    for name in (
        "accounts.person",
        "accounts.grant_role",
        "accounts.end_role",
        "accounts.open_or_close",
        "accounts.correct_person",
        "accounts.invite",
        "accounts.slip",
    )
}
