"""What stands between the facts of a line: templates write “ · ”, and the page shows what the reader's script needs."""

from collections.abc import Iterator

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

DOT = " · "
_CALL = (("variable_begin", ""), ("name", "between"), ("lparen", "("), ("rparen", ")"), ("variable_end", ""))


class Between(Extension):
    """Turns each “ · ” in the text of a template into a call of the global `between`."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """The template's tokens, with the dots replaced."""
        for token in stream:
            if token.type != "data" or DOT not in token.value:
                yield token
                continue
            first, *others = token.value.split(DOT)
            yield Token(token.lineno, "data", first)
            for other in others:
                yield from (Token(token.lineno, kind, value) for kind, value in _CALL)
                yield Token(token.lineno, "data", other)
