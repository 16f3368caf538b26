"""Letters: a row written with the act, delivered by a job: into the outbox folder by default, by SMTP when it is set."""

import smtplib
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column

from lmsapp.core import clock, jobs
from lmsapp.core.errors import Invalid
from lmsapp.core.orm import Base, Id
from lmsapp.core.settings import Settings

DELIVER = "mail.deliver"
SMTP_SECONDS = 20


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


def send(session: Session, to: str, subject: str, text: str, language: str) -> Mail:
    """Writes a letter with the act that causes it; delivery follows after the commit."""
    if not to or any(c in to for c in "\r\n\0") or "@" not in to:
        raise Invalid("The address “%(address)s” can't be written to.", address=to)
    mail = Mail(
        recipient=to, subject=" ".join(subject.split())[:300], text=text, language=language, made_at=clock.now()
    )
    session.add(mail)
    session.flush()
    jobs.enqueue(session, DELIVER, {"mail": mail.id}, asked_by=None, key=f"mail-{mail.id}")
    return mail


def register_jobs(registry: jobs.Registry, settings: Settings) -> None:
    """Connects the delivery job."""

    def deliver(run: jobs.Run) -> None:
        with run.session() as session:
            mail = session.get(Mail, run.arguments["mail"])
            if mail is None or mail.delivered_at is not None:
                return
            _deliver(mail, settings)
            mail.delivered_at = clock.now()
            if settings.smtp_host:
                mail.text = ""

    registry.add(DELIVER, deliver)


def as_message(mail: Mail, sender: str) -> EmailMessage:
    """The letter in the form of RFC 5322."""
    message = EmailMessage()
    message["From"] = sender
    local, _, domain = mail.recipient.rpartition("@")
    message["To"] = Address(username=local, domain=domain)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.made_at)
    message["Message-ID"] = f"<mail-{mail.id}@{sender.rpartition('@')[2] or 'localhost'}>"
    message["Content-Language"] = mail.language
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text, charset="utf-8", cte="base64")
    return message


def _deliver(mail: Mail, settings: Settings) -> None:
    message = as_message(mail, settings.mail_from)
    if not settings.smtp_host:
        settings.outbox.mkdir(parents=True, exist_ok=True)
        target: Path = settings.outbox / f"{mail.id:06d}.eml"
        part = target.with_suffix(".part")
        part.write_bytes(bytes(message))
        part.chmod(0o600)
        part.replace(target)
        return
    with smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=SMTP_SECONDS) as server:
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls()
            server.ehlo()
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password)
        server.send_message(message)
