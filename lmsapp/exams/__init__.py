"""Banks, exams, papers, sittings, attempts, marks.

Rule: an answer shown as saved is on disk; marking uses only what the server froze with the paper; keys stay here until release.
Terms: *bank*, *question* (its versions), *exam* (a blueprint with its rules), *sitting* (an exam held for a cohort), *paper*
(frozen for one candidate), *attempt*, *answer event*, *hand-in*, *mark*, *release*. Exams do not know that certificates exist.
"""
