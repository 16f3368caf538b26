"""The first page of everybody: visitor, trainee, instructor, manager; and the pages about the site itself.

Rule: it answers "what do I do next" and owns no records.
"""
