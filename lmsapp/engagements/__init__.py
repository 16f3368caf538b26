"""What the centre does with partner countries: agreements, engagements, deliveries, who paid, what came of it.

Rule: a record says what its source says. What the source leaves open is shown as unknown and never guessed; what a
demonstration links to a record is marked and kept out of every figure read from the source.
Terms: *partner* (a country the centre works with), *instrument* (memorandum or agreement), *engagement* (a training, a
quality assurance mission, a textbook's adaptation …), *delivery* (what was spent in a fiscal year; may be negative),
*contribution* (of a donor), *result* (something counted).
"""
