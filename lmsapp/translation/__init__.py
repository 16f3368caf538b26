"""Every text that travels between languages: units, source revisions, translations, approvals.

Rule: a reader never sees outdated safety text; a translation is not approved because its source is.
Terms: *document* (a lesson, course, question or material), *unit* (its smallest translatable text), *source revision*
(immutable, with a weight), *based on* (the revision a translation was made from), *approval* (language or technical).
"""
