"""What is kept about people: for every column its class, with purpose, time limit, and what export and erasure do.

A column that stands nowhere here fails the build (tests/upkeep/test_personal.py), so that nobody adds one without saying why.
Tables that say nothing about anybody are named too.
"""

from dataclasses import dataclass

import click


@dataclass(frozen=True)
class Kind:
    """A class of data about people."""

    purpose: str
    kept: str
    exported: bool
    erased: str


KINDS = {
    "key": Kind("ties rows together; says nothing by itself", "as long as what it ties", False, "stays"),
    "identity": Kind("tells people apart, prints certificates", "until erased", True, "replaced by “erased”"),
    "contact": Kind("letters, calling back", "until erased or withdrawn by the person", True, "emptied"),
    "background": Kind("reports by sex, age and country, which donors ask for", "until erased", True, "emptied"),
    "setting": Kind("pages in her language, time and calendar", "as long as the account", True, "emptied"),
    "secret": Kind("signing in; kept as hashes only", "until replaced, used or expired", False, "emptied"),
    "role": Kind(
        "what she may do, from when until when", "as long as the records she made", True, "stays under her token"
    ),
    "trace": Kind(
        "security; which device is signed in; continuing where she was", "14 days after its end", True, "removed"
    ),
    "learning": Kind("teaching, hours, progress", "as the law of training records asks", True, "stays under her token"),
    "result": Kind(
        "marking, appeals, proof of competence", "as the law of training records asks", True, "stays under her token"
    ),
    "award": Kind("proof towards anybody who checks a certificate", "for good", True, "name emptied, file removed"),
    "words": Kind("free words: reasons, notes, letters", "with what they explain", True, "emptied"),
    "act": Kind("who did what when, for audit", "for good", True, "stays under her token"),
}

FIELDS: dict[str, dict[str, str]] = {
    "person": {
        "key": "id sort_key search_key is_demonstration created_at",
        "identity": "number name name_language latin_name father_name",
        "background": "sex birth nationality",
        "contact": "email phone",
        "setting": "language time_zone calendar",
        "secret": "secret_kind secret_hash must_choose_secret",
        "role": "active",
    },
    "membership": {"key": "id person_id organisation_id", "role": "role languages since until"},
    "sign_in": {
        "key": "id person_id",
        "secret": "ticket_hash",
        "trace": "begun_at fresh_at seen_at ends_at ended_at device",
    },
    "letter": {"key": "id person_id kind", "secret": "token_hash", "trace": "made_at expires_at used_at"},
    "tries": {"trace": "key count since closed_until"},
    "mail": {
        "key": "id",
        "contact": "recipient",
        "words": "subject text",
        "setting": "language",
        "trace": "made_at delivered_at",
    },
    "cohort_staff": {"key": "cohort_id person_id", "role": "part"},
    "enrolment": {"key": "id cohort_id person_id", "learning": "language state enrolled_at"},
    "hours_entry": {"key": "id enrolment_id", "learning": "hours", "act": "entered_at entered_by", "words": "reason"},
    "lesson_progress": {"key": "enrolment_id lesson_id", "trace": "position opened_at seen_at", "learning": "done_at"},
    "attempt": {
        "key": "id code sitting_id person_id enrolment_id",
        "result": "number mode state language started_at deadline_at grace_seconds paused_at offline_at",
    },
    "attempt_event": {"key": "id attempt_id", "act": "before after at person_id", "words": "reason"},
    "paper": {"key": "attempt_id", "result": "seed digest sheet shapes key"},
    "answer_event": {
        "key": "id attempt_id",
        "result": "client_seq epoch item value client_at client_mono received_at late evidence previous_hash hash",
        "trace": "device",
    },
    "answer_current": {"key": "attempt_id", "result": "item value epoch client_seq saved_at"},
    "answer_clash": {"key": "id attempt_id", "result": "client_seq item value received_at", "trace": "device"},
    "device_lease": {"key": "attempt_id", "trace": "epoch device taken_at"},
    "keyed_sheet": {"key": "id attempt_id", "result": "number rows", "act": "keyed_by keyed_at"},
    "sheet_decision": {"key": "attempt_id", "result": "rows", "act": "decided_by decided_at"},
    "paper_file": {"key": "attempt_id", "result": "purpose size digest octets pages made_at"},
    "offline_grant": {
        "key": "id attempt_id key_id",
        "result": "epoch content signature granted_at",
        "trace": "device public_key",
    },
    "bundle": {
        "key": "id sitting_id attempt_id",
        "result": "digest content state doubts received_at",
        "act": "received_from judged_at judged_by",
        "words": "reason",
    },
    "submission": {"key": "attempt_id idempotency_key", "result": "answers_hash answered by_expiry submitted_at"},
    "mark": {
        "key": "id attempt_id",
        "result": "version points_numerator points_denominator possible passed critical_failed items cause judged observed",
        "words": "reason",
        "act": "marked_at marked_by",
    },
    "judgement": {
        "key": "id attempt_id",
        "result": "item part points",
        "words": "remark",
        "act": "judged_by judged_at",
    },
    "correction": {
        "key": "id sitting_id question_id version attempt_id",
        "result": "kind language content state",
        "words": "reason",
        "act": "asked_by asked_at decided_by decided_at",
    },
    "extension": {"key": "id attempt_id", "result": "minutes outage", "words": "reason", "act": "given_by given_at"},
    "room_note": {"key": "id sitting_id attempt_id", "words": "text", "act": "at person_id"},
    "award": {
        "key": "id person_id enrolment_id cohort_id is_demonstration",
        "award": "serial year kind number issue code course_code issued_on valid_until facts payload key_id",
        "act": "issued_at issued_by",
    },
    "award_document": {"key": "award_id", "award": "digest size design_version rendered_at"},
    "award_event": {"key": "id award_id", "act": "kind at person_id", "words": "reason"},
    "void_serial": {"key": "serial year kind number", "act": "at person_id", "words": "reason"},
    "download": {"key": "id file_id organisation_id", "act": "person_id at"},
    "audit_line": {
        "key": "position",
        "act": "at action actor_token object_kind object_id before after previous_hash hash",
    },
    "audit_personal": {"key": "position token", "trace": "address", "words": "details"},
    "audit_subject": {"key": "token person_id"},
    "job": {
        "key": "id name key arguments",
        "act": "asked_by state done total tries lease_until created_at started_at ended_at result",
        "setting": "language",
        "words": "note lines",
    },
    "approval": {"key": "id translation_id", "act": "kind person_id at"},
    "translation": {"key": "id unit_id", "act": "language number text based_on origin state current made_at made_by"},
    "source_revision": {"key": "id unit_id", "act": "number text weight ready made_at made_by"},
    "safety_setting": {"key": "setting language is_demonstration", "act": "child adult approver decided_at"},
    "question_version": {"key": "id question_id", "act": "number structure made_at made_by"},
    "question_draft": {
        "key": "id bank_id question_id",
        "words": "remark",
        "act": "language entry origin made_by made_at",
    },
    "sitting": {
        "key": "id exam_id cohort_id",
        "act": "opens_at closes_at released_at room_code closing_code paused_at made_by",
    },
}

# Courses, materials, agreements, machinery: nothing in them is about a person.
IMPERSONAL = frozenset(
    """
    audit_head bank clock_jump cohort contribution course delivery document edition engagement engagement_cohort
    engagement_material exam exam_total instrument item_total lesson material material_edition material_part message
    module organisation organisation_name partner preview printed_file project question result serial_counter
    server_run unit
    """.split()  # noqa: SIM905 - a list of names reads as one
)


def declared(table: str) -> dict[str, str]:
    """The columns of a table about people, each with the name of its kind."""
    return {column: kind for kind, columns in FIELDS.get(table, {}).items() for column in columns.split()}


@click.command()
def fields() -> None:
    """What is kept about people: purpose, time limit and what erasure does, column by column."""
    for name, kind in KINDS.items():
        export = "in her export" if kind.exported else "not exported"
        click.echo(f"{name}: {kind.purpose}; kept {kind.kept}; {export}; on erasure {kind.erased}")
        for table, kinds in FIELDS.items():
            if name in kinds:
                click.echo(f"  {table}: {', '.join(kinds[name].split())}")
