"""Awards and their certificates.

The rule: an award is a record that is never changed, only followed by events; its certificate is that record on paper,
in two languages of equal rank, and the same record gives the same bytes for ever.

Terms: *award* the record; *certificate* its document; *kind* attendance, achievement or qualification; *design* the
look of a kind (`templates/certificates/designs`), with a version that an award keeps; *base* the page without what
changes from holder to holder, *stamped* the fields laid over it; *mark* the red plaque of a draft or demonstration.
"""
