"""An edition given to people at a place and time: roster, hours, progress through the lessons.

Rule: attendance and progress are never overwritten silently; the newest entry counts, the older ones stay.
Terms: *cohort*, *enrolment* (one person in one cohort), *hours entry*, *progress*; *close-out* ends a cohort.
"""
