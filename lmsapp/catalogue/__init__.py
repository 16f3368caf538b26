"""Courses and their editions: what is taught, in which modules and lessons, under which rules.

Rule: an edition that was published is frozen; a cohort stays on its edition.
Terms: *course*, *edition* (draft, review, published), *module*, *lesson*; *check* (a question inside a lesson, not marked).
"""
