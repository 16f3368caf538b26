"""What kinds of materials there are, for whom, in which formats: codes and their names. Pure."""

from lmsapp.core.translations import N_

KINDS = {
    "textbook": N_("Textbook"),
    "teachers-guide": N_("Teacher’s guide"),
    "poster": N_("Poster"),
    "leaflet": N_("Leaflet"),
    "flip-chart": N_("Flip chart"),
    "comic": N_("Comic"),
}
AUDIENCES = {
    "children-6-9": N_("children 6–9"),
    "children-10-15": N_("children 10–15"),
    "adults": N_("adults"),
    "herders-farmers": N_("herders, farmers"),
    "returnees": N_("returning families"),
    "teachers": N_("teachers"),
    "everyone": N_("everyone"),
}
FORMATS = ("a5", "a4-leaflet")
PURPOSES = ("press", "screen")
REGISTERS = ("child", "adult")
# "Mine risk education" is what the field said for decades; today it says explosive ordnance risk education.
SYNONYMS = "MRE EORE mine risk education explosive ordnance risk education"
PANELS = ("cover", "recognise", "see", "keep-away", "tell", "questions")
