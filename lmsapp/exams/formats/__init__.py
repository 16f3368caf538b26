"""Files of questions made by other programs, read into entries and written from them. Pure: no database, no words of its own.

Each reader gives `items`: one for every question or description of the file, taken as it is, changed (each change with its
reason) or refused (with the reason and the line). Nothing is dropped without a word. Categories are no items: each item
knows the one it stands in.
"""
