"""Letters about what happened: to whom it happened, in her language.

Rule: reads every capability and is known by none; it listens to their events (`telling.listen`). A letter is written in the
transaction of the act, so an act that is undone tells nobody. Letters that carry a secret link are the accounts' own.
"""
