"""Letters: written with the act, delivered after it, and nothing in them begins another header."""

import email
import email.policy
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session, sessionmaker

from lmsapp.core import clock, jobs, mailing, queues
from lmsapp.core.errors import Invalid
from lmsapp.core.jobs import Job, Registry
from lmsapp.core.mailing import Mail
from lmsapp.core.sessions import transaction, writing
from lmsapp.core.settings import Settings

Maker = sessionmaker[Session]
TEXT = "گران مربي!\nستاسو د ننوتلو پته: https://nmc.example/ps/x\n.\nFrom: nobody\n"


def deliver(maker: Maker, settings: Settings) -> None:
    made = Registry()
    mailing.register_jobs(made, settings)
    queues.run_all(maker, made)


def write(maker: Maker, to: str = "a@nmc.example", subject: str = "ننوتل", words: str = TEXT) -> int:
    with transaction(maker) as session:
        return mailing.send(session, to, subject, words, "ps").id


def test_a_letter_lies_in_the_outbox_readable_as_it_was_written(maker: Maker, settings: Settings) -> None:
    write(maker)
    deliver(maker, settings)
    [file] = settings.outbox.iterdir()
    letter = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert (letter["To"], letter["Subject"], letter["Content-Language"]) == ("a@nmc.example", "ننوتل", "ps")
    assert letter["From"] == "NMC <training@nmc.example>"
    assert letter.get_body(("plain",)).get_content().replace("\r\n", "\n") == TEXT
    assert file.stat().st_mode & 0o777 == 0o600
    with maker() as session:
        assert session.scalars(select(Mail)).one().delivered_at is not None


def test_a_letter_of_an_act_that_was_undone_is_never_sent(maker: Maker, settings: Settings) -> None:
    with maker() as session, writing():
        mailing.send(session, "a@nmc.example", "x", "x", "en")
        session.rollback()
    deliver(maker, settings)
    assert not settings.outbox.exists()


@pytest.mark.parametrize(
    "to",
    [
        "", "a", "@b.org", "a@", "a b@c.org", "a@b.org, c@d.org", "<a@b.org>", "a@b.org\r\nBcc: all@b.org", "a@b.org\n",
        "a\0@b.org", "x" * 250 + "@b.org", "a@b.org\u2028Bcc: c@d.org", "a@" + "x" * 70 + ".org", "a@b..org",
    ],
)  # fmt: skip
def test_what_is_no_single_address_is_refused(to: str) -> None:
    with pytest.raises(Invalid, match="can't be written to"):
        mailing.send(Session(), to, "x", "x", "en")


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029", "\0", "\x1c"])
def test_no_line_break_of_any_kind_begins_another_header(break_: str) -> None:
    subject = f"Hello{break_}Bcc: all@b.org{break_}{break_}<script>"
    mail = Mail(id=1, recipient="a@b.org", subject=subject, text=TEXT, language=f"ps{break_}X: y", made_at=clock.now())
    octets = bytes(mailing.as_message(mail, f"training@nmc.example{break_}Bcc: all@b.org"))
    letter = email.message_from_bytes(octets, policy=email.policy.default)
    assert letter["Bcc"] is None
    assert letter["X"] is None
    assert letter["Subject"] == "Hello Bcc: all@b.org <script>"
    assert letter.get_body(("plain",)).get_content().replace("\r\n", "\n") == TEXT


def test_a_domain_in_another_script_is_written_as_the_mail_system_wants_it(maker: Maker, settings: Settings) -> None:
    write(maker, to="ali@مثال.org")
    deliver(maker, settings)
    [file] = settings.outbox.iterdir()
    assert b"To: ali@xn--mgbh0fb.org\r\n" in file.read_bytes()


class Server(threading.Thread):
    """A mail server as small as one can be; it keeps what it is told."""

    def __init__(self, extensions: str = "") -> None:
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.extensions, self.said, self.busy = extensions, b"", lambda: None

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as line:
                self.converse(line)

    def converse(self, line: "socket.SocketIO") -> None:  # type: ignore[override]
        def say(words: str) -> None:
            line.write(words.encode() + b"\r\n")
            line.flush()

        say("220 ready")
        while heard := line.readline():
            self.said += heard
            heard = heard.upper()
            if heard.startswith(b"EHLO"):
                say(f"250-here\r\n250{self.extensions or ' 8BITMIME'}")
            elif heard.startswith(b"DATA"):
                say("354 go on")
                self.busy()
                while (heard := line.readline()) != b".\r\n":
                    self.said += heard
                say("250 kept")
            elif heard.startswith(b"QUIT"):
                say("221 bye")
                return
            else:
                say("250 fine")


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    made.start()
    yield made
    made.listener.close()


def test_smtp_delivers_and_the_text_is_emptied(maker: Maker, settings: Settings, server: Server) -> None:
    number = write(maker)
    deliver(maker, replace(settings, smtp_host="127.0.0.1", smtp_port=server.port))
    assert b"rcpt to:<a@nmc.example>" in server.said.lower()
    assert b"Content-Language: ps" in server.said
    with maker() as session:
        mail = session.get_one(Mail, number)
        assert (mail.text, mail.delivered_at is not None) == ("", True)


def test_nobody_waits_for_a_slow_mail_server(maker: Maker, settings: Settings, server: Server) -> None:
    def write_meanwhile() -> None:
        with writing(), maker() as session:
            session.execute(text("UPDATE mail SET language = 'ka'"))
            session.commit()

    server.busy = write_meanwhile
    number = write(maker)
    deliver(maker, replace(settings, smtp_host="127.0.0.1", smtp_port=server.port))
    with maker() as session:
        mail = session.get_one(Mail, number)
        assert (mail.language, mail.delivered_at is not None) == ("ka", True)


def test_a_password_is_not_sent_without_encryption(maker: Maker, settings: Settings, server: Server) -> None:
    write(maker)
    chosen = replace(
        settings, smtp_host="127.0.0.1", smtp_port=server.port, smtp_user="u", smtp_password="hidden words"
    )
    deliver(maker, chosen)
    assert b"AUTH" not in server.said.upper()
    with maker() as session:
        job = session.scalars(select(Job)).one()
        assert (job.state, "no encryption" in job.note) == ("failed", True)


def test_a_mail_server_that_is_away_is_tried_again(maker: Maker, settings: Settings) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    write(maker)
    made = Registry()
    mailing.register_jobs(made, replace(settings, smtp_host="127.0.0.1", smtp_port=port))
    with maker() as session:
        number = session.scalars(select(Job.id)).one()
    made.run(maker, number)
    with maker() as session:
        job = session.get_one(Job, number)
        assert (job.state, job.tries) == ("waiting", 1)
        assert job.lease_until is not None
        assert jobs.left_behind(session) == []
