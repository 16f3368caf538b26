"""Logs as JSON lines on standard error: what happened and how long it took, no names, no addresses."""

import json
import logging
import sys
from datetime import UTC, datetime

FIELDS = ("path", "request", "method", "status", "milliseconds", "job", "note")


class JsonLines(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's time, level, message and our own fields; a defect's trace too."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def begin(level: str) -> None:
    """Sends all logs of the process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    for chatty in ("huey", "alembic", "pikepdf"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
