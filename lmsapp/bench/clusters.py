"""A PostgreSQL server of our own on loopback, from Debian's package; initdb refuses root, so it runs as `postgres` there."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from sqlalchemy import create_engine, text

from lmsapp.core.errors import Invalid


class Cluster:
    """A cluster in a temporary folder. Without `durable` nothing is synced: for tests that lose nothing when the machine stops."""

    def __init__(self, *, durable: bool = False) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not found:
            raise Invalid("PostgreSQL is not installed here. On Debian: apt-get install postgresql")
        self._binaries = found[-1].parent
        self._folder = Path(tempfile.mkdtemp(prefix="lmsapp-pg-"))
        self._as: list[str] = []
        if os.geteuid() == 0:
            shutil.chown(self._folder, "postgres", "postgres")
            self._as = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        sync = "on" if durable else "off"
        self._options = (
            f"-p {self._port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync={sync} -c max_connections=120"
        )
        self._run("initdb", "-D", str(self._folder / "data"), "-U", "lms", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()

    @property
    def url(self) -> str:
        """The address of the server; a database's name follows a slash."""
        return f"postgresql+psycopg://lms@127.0.0.1:{self._port}"

    def start(self) -> None:
        """Starts it and waits until it answers."""
        data, log = str(self._folder / "data"), str(self._folder / "log")
        self._run("pg_ctl", "-D", data, "-o", self._options, "-l", log, "-w", "start")

    def stop(self) -> None:
        """Stops at once, as a crash does: it recovers from its log at the next start."""
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "stop")

    def administer(self, statement: str) -> None:
        """One statement outside any transaction, as creating a database is."""
        engine = create_engine(f"{self.url}/postgres", isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def remove(self) -> None:
        """Stops it and takes its files away."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *words: str) -> None:
        command = [*self._as, str(self._binaries / program), *words]
        subprocess.run(command, check=True, capture_output=True, cwd=self._folder)  # noqa: S603 - our own words
