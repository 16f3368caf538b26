"""Mail: a row written with the act, delivered by a job: into the outbox folder by default, by SMTP when it is set."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column

from lmsapp.core import clock, jobs, letters
from lmsapp.core.errors import Invalid
from lmsapp.core.orm import Base, Id
from lmsapp.core.settings import Settings
from lmsapp.core.storage import put_whole
from lmsapp.core.translations import N_

DELIVER = "mail.deliver"
SMTP_SECONDS = 20
SMTP_OVER_TLS = 465
LONGEST_ADDRESS = 254
LONGEST_SUBJECT = 300


class Mail(Base):
    """One letter; its text is emptied once it is delivered by SMTP, since it may hold a link that opens an account."""

    __tablename__ = "mail"

    id: Mapped[Id]
    recipient: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    made_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]


def send(session: Session, to: str, subject: str, text: str, language: str, *, once: str | None = None) -> Mail | None:
    """Writes a letter with the act that causes it; delivery follows after the commit. Raises Invalid for an address.

    What is to be said `once` is passed over (None) when it was said before.
    """
    _address(to)
    if once is not None and jobs.known(session, DELIVER, once) is not None:
        return None
    mail = Mail(
        recipient=to,
        subject=_line(subject)[:LONGEST_SUBJECT],
        text=text.replace("\0", ""),
        language=language,
        made_at=clock.now(),
    )
    session.add(mail)
    session.flush()
    jobs.enqueue(session, DELIVER, {"mail": mail.id}, asked_by=None, key=once or f"mail-{mail.id}")
    return mail


def register_jobs(registry: jobs.Registry, settings: Settings) -> None:
    """Connects the delivery job."""

    def deliver(run: jobs.Run) -> None:
        with run.sessions() as session:
            mail = session.get(Mail, run.arguments["mail"])
        if mail is None or mail.delivered_at is not None:
            return
        _deliver(mail, settings)  # outside any transaction: nobody waits for a slow mail server
        with run.session() as session:
            mail = session.get_one(Mail, mail.id)
            mail.delivered_at = clock.now()
            if settings.smtp_host:
                mail.text = ""

    registry.add(DELIVER, deliver)


def as_message(mail: Mail, sender: str) -> EmailMessage:
    """The letter in the form of RFC 5322; its id stays the same however often it is delivered."""
    message = EmailMessage(policy=SMTP)
    message["From"] = _line(sender)
    message["To"] = _address(mail.recipient)
    message["Subject"] = _line(mail.subject)
    message["Date"] = format_datetime(mail.made_at)
    message["Message-ID"] = (
        f"<mail-{mail.id}.{mail.made_at:%Y%m%d%H%M%S}@{_line(sender).rpartition('@')[2].strip(' >')}>"
    )
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text, charset="utf-8", cte="base64")
    message.add_alternative(letters.as_html(mail.text, mail.language), subtype="html", charset="utf-8", cte="base64")
    message["Content-Language"] = _line(mail.language)
    return message


def _line(text: str) -> str:
    """One line without control characters: nothing in it can begin another header."""
    return " ".join("".join(c if c.isprintable() or c in "\u200c\u200d" else " " for c in text).split())


def _address(text: str) -> Address:
    refused = Invalid(N_("The address “%(address)s” can't be written to."), address=_line(text)[:80])
    if len(text) > LONGEST_ADDRESS or text != _line(text):
        raise refused
    try:
        address = Address(addr_spec=text)
        domain = address.domain.encode("idna").decode("ascii")
    except (ValueError, IndexError, MessageError) as problem:
        raise refused from problem
    if not address.username or not domain:
        raise refused
    return Address(username=address.username, domain=domain)


def _deliver(mail: Mail, settings: Settings) -> None:
    message = as_message(mail, settings.mail_from)
    if not settings.smtp_host:
        put_whole(settings.outbox / f"{mail.id:06d}.eml", bytes(message))
        return
    with _server(settings) as server:
        server.send_message(message)


@contextmanager
def _server(settings: Settings) -> Iterator[smtplib.SMTP]:
    """A connection to the mail server. A password travels only where the server's name was proved."""
    place = settings.smtp_host, settings.smtp_port
    trusting = ssl.create_default_context() if settings.smtp_user else _any_certificate()
    if settings.smtp_port == SMTP_OVER_TLS:
        server: smtplib.SMTP = smtplib.SMTP_SSL(*place, timeout=SMTP_SECONDS, context=trusting)
    else:
        server = smtplib.SMTP(*place, timeout=SMTP_SECONDS)
    with server:
        server.ehlo_or_helo_if_needed()
        if settings.smtp_port != SMTP_OVER_TLS and server.has_extn("starttls"):
            server.starttls(context=trusting)
        elif settings.smtp_port != SMTP_OVER_TLS and settings.smtp_user:
            raise Invalid(
                N_("The mail server %(host)s offers no encryption; the password was not sent."), host=place[0]
            )
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password)
        yield server


def _any_certificate() -> ssl.SSLContext:
    """Encryption without proof, for a server in the same house that signed its own certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
