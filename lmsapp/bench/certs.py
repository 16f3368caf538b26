"""E10, E11: a batch of thirty certificates, beside the same design set naively, page by page, by WeasyPrint."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import select

from lmsapp.accounts.models import Membership, Person
from lmsapp.accounts.roles import Role
from lmsapp.bench.measuring import Cost, Row, in_turn, timed
from lmsapp.bench.school import School
from lmsapp.catalogue.models import Course, Edition
from lmsapp.certificates import issuing, layout, rendering
from lmsapp.certificates.models import Award
from lmsapp.core import clock, pdf
from lmsapp.core.access import KEEPER
from lmsapp.core.sessions import transaction
from lmsapp.core.signing import KeyRing

BATCH, NAIVE = 30, 3


def run(school: School, repeat: int) -> Iterator[Row]:
    """All three kinds, the holders' own languages beside Azerbaijani or English."""
    for kind in ("achievement", "qualification", "attendance"):
        awards = _awards(school, kind)
        sizes = [len(rendering.rendered(award)) for award in awards[:3]]
        naive = _Naive([layout.whole_of(rendering.facts_of(a.kind, a.facts, a.payload)) for a in awards[:NAIVE]])

        def batch(awards: list[Award] = awards) -> Cost:
            one = timed(lambda: [rendering.rendered(award) for award in awards], 1)
            return Cost(one.cpu / BATCH, one.wall / BATCH)

        ours, limit = in_turn(batch, naive.measure, repeat)
        naive.close()
        pdf.close()  # the next kind begins with a fresh press, so that none has to be started among what is measured
        yield Row(
            "certs",
            f"{kind}, batch of {BATCH} (E10)",
            "CPU ms",
            ours,
            "naive WeasyPrint (15 times slower is wanted)",
            limit,
            {"times_faster": round(limit.median / ours.median, 1), "largest_octets": max(sizes)},
        )


def _awards(school: School, kind: str) -> list[Award]:
    settings = school.opened.settings
    ring = KeyRing.load_or_create(settings.keys)
    with transaction(school.opened.sessions) as session:
        edition = session.scalars(select(Edition).join(Course).where(Course.code == "MAF-101")).one()
        trainees = select(Person).join(Membership).where(Membership.role == Role.TRAINEE, Person.name_language == "prs")
        people = session.scalars(trainees.order_by(Person.id)).all()
        today = clock.now().date()
        return [
            issuing.issue(
                session,
                KEEPER,
                people[number % len(people)],
                edition,
                issuing.Stated(
                    kind,
                    "prs",
                    Decimal(60),
                    (today - timedelta(days=12), today),
                    "Goranboy",
                    Fraction(88 if kind != "attendance" else 0) or None,
                ),
                settings,
                ring,
            )
            for number in range(BATCH)
        ]


class _Naive:
    """A child process that sets whole pages with WeasyPrint as its manual shows, with our faces."""

    def __init__(self, pages: list[tuple[str, dict[str, bytes]]]) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "lmsapp.bench.naive"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=pdf.environment(),
        )
        self._pages = [
            {"html": html, "parts": {f"res:{name}": base64.b64encode(part).decode() for name, part in parts.items()}}
            for html, parts in pages
        ]

    def measure(self) -> Cost:
        """All pages once; the cost of one."""
        if self._child.stdin is None or self._child.stdout is None:
            raise RuntimeError("the naive child has no pipes")
        self._child.stdin.write(json.dumps(self._pages) + "\n")
        self._child.stdin.flush()
        cpu, wall = json.loads(self._child.stdout.readline())
        return Cost(cpu * 1000 / len(self._pages), wall * 1000 / len(self._pages))

    def close(self) -> None:
        """Ends the child."""
        if self._child.stdin is not None:
            self._child.stdin.close()
        self._child.wait(10)
        if self._child.stdout is not None:
            self._child.stdout.close()
