"""Risk education materials: textbooks, leaflets and what else is printed and handed out, in every language.

Rule: what was printed stays as it was. A changed source is a new edition that supersedes the old one; a changed translation
or an approval is a new impression of its language; files are made once, named by their content, and never made again.
Terms: *material*, *edition* (published, superseded, withdrawn), *part* (a chapter or the sheet of a leaflet), *impression*
(one language of an edition, as its words stood), *purpose* (for the press, with bleed and crop marks; for the screen).
"""
