"""How routes are declared: an `Area` is a blueprint whose every route names the policy that guards it.

    area = Area("courses", __name__)

    @area.get("/courses", policy=public)
    def catalogue(): ...

Addresses begin with the language unless the area says `free=True`. A route without a policy stops the application.
"""

from collections.abc import Callable
from functools import cache, lru_cache, partial
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, request, url_for
from werkzeug.routing import IntegerConverter, Map, Rule

from lmsapp.core.access import Policy, public
from lmsapp.web import locale, login

View = Callable[..., Any]


class UndeclaredRoute(RuntimeError):
    """The application must not start: somebody could reach a route nobody guards."""


class PatientRule(Rule):
    """A rule that writes the code of its addresses when one is first made: for all at once it takes 30 ms of the start."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: FBT001, FBT002 - Werkzeug's
        compiled = cache(partial(super()._compile_builder, append_unknown))

        def build(*values: Any, **named: Any) -> tuple[str, str]:
            return compiled()(*values, **named)

        return build


class RowNumber(IntegerConverter):
    """A whole number in an address, as large as a row's can be on either database: no row has a larger one."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=2**31 - 1)


class Area(Blueprint):
    """A capability's pages."""

    def __init__(self, name: str, import_name: str, *, free: bool = False) -> None:
        super().__init__(name, import_name, url_prefix=None if free else "/<language:language>")
        self.free = free
        self.policies: dict[str, Policy] = {}
        self.hot: set[str] = set()
        self.by_ticket: set[str] = set()

    def get(self, rule: str, *, policy: Policy, **options: Any) -> Callable[[View], View]:  # type: ignore[override]
        """Declares a reading route."""
        return self._declare(rule, ["GET"], policy, options)

    def post(  # type: ignore[override]
        self, rule: str, *, policy: Policy, hot: bool = False, by_ticket: bool = False, **options: Any
    ) -> Callable[[View], View]:
        """Declares a writing route; `hot` ones write through the group-commit writer.

        Before `by_ticket` ones nobody is looked up: they find the ticket's holder, and ask what she may, in the transaction
        that writes.
        """
        return self._declare(rule, ["POST"], policy, options, hot=hot or by_ticket, by_ticket=by_ticket)

    def form(self, rule: str, *, policy: Policy, hot: bool = False, **options: Any) -> Callable[[View], View]:
        """Declares a page with a form: GET shows it, POST takes it."""
        return self._declare(rule, ["GET", "POST"], policy, options, hot=hot)

    def _declare(
        self,
        rule: str,
        methods: list[str],
        policy: Policy,
        options: dict[str, Any],
        *,
        hot: bool = False,
        by_ticket: bool = False,
    ) -> Callable[[View], View]:
        def decorate(view: View) -> View:
            endpoint = options.pop("endpoint", view.__name__)
            self.policies[endpoint] = policy
            if hot:
                self.hot.add(endpoint)
            if by_ticket:
                self.by_ticket.add(endpoint)
            self.add_url_rule(rule, endpoint, view, methods=methods, **options)
            return view

        return decorate


def install(app: Flask) -> None:
    """Prepares the registers and the guard that runs before every view."""
    app.extensions["policies"] = {"static": public}
    app.extensions["hot_routes"], app.extensions["ticket_routes"] = set(), set()
    app.url_map.converters["int"] = RowNumber
    app.before_request(_guard)
    app.jinja_env.globals["url_for"] = _remembering()


def _remembering() -> Callable[..., str]:
    """`url_for` for templates: a page asks for dozens of addresses, most of them the same on every page."""

    @lru_cache(maxsize=4096)
    def made(_language: str, endpoint: str, **values: Any) -> str:
        return url_for(endpoint, **values)

    return lambda endpoint, **values: made(locale.current_language().code, endpoint, **values)


def mount(app: Flask, area: Area) -> None:
    """Mounts an area and remembers what guards its routes."""
    app.register_blueprint(area)
    for endpoint, policy in area.policies.items():
        app.extensions["policies"][f"{area.name}.{endpoint}"] = policy
    app.extensions["hot_routes"] |= {f"{area.name}.{endpoint}" for endpoint in area.hot}
    app.extensions["ticket_routes"] |= {f"{area.name}.{endpoint}" for endpoint in area.by_ticket}


def check_declared(app: Flask) -> None:
    """Last step of building the application: every route has its policy, or there is no application."""
    bare = sorted({r.endpoint for r in app.url_map.iter_rules()} - set(app.extensions["policies"]))
    if bare:
        raise UndeclaredRoute(f"no policy is declared for: {', '.join(bare)}")


def _guard() -> Response | None:
    """Asks the route's policy in principle; activities ask again about the thing itself."""
    if request.endpoint is None:
        return None
    if request.endpoint in current_app.extensions["ticket_routes"]:
        login.ask_no_more()
        return None
    policy: Policy = current_app.extensions["policies"][request.endpoint]
    answer = policy(login.actor())
    g.policy_answer = answer
    return None if answer else login.refused(answer)
