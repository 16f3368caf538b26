"""`lmsapp bench`: what this program costs, as ratios to a bare limit measured in the same run, in turn with it.

A limit twin does the least that any program could do for the same result with the same libraries. Figures are processor
milliseconds (this process and the press), octets and counts; seconds are printed for the record only.
"""
