"""The transaction of a request, and the writer beside it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from flask import Flask

from lmsapp.web import database


def test_a_room_that_begins_at_the_same_moment_is_served_by_one_writer(app: Flask) -> None:
    together = Barrier(20)

    def ask(_number: int) -> int:
        with app.app_context():
            together.wait()
            return id(database.writer())

    with ThreadPoolExecutor(20) as threads:
        assert len(set(threads.map(ask, range(20)))) == 1
