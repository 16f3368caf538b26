"""`python -m lmsapp` is the `lmsapp` command."""

from lmsapp.cli import main

main()
