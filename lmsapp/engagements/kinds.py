"""Kinds and states of instruments and engagements, with their names. Pure."""

from lmsapp.core.translations import N_

INSTRUMENTS = {"memorandum_of_cooperation_or_agreement": N_("Memorandum of Cooperation or Agreement")}
STATES = {
    "proposed": N_("proposed"),
    "drafted": N_("drafted"),
    "under_review": N_("under review"),
    "signed": N_("signed"),
    "in_force": N_("in force"),
    "expired": N_("expired"),
    "terminated": N_("terminated"),
}
ENGAGEMENTS = {
    "training_delivery": N_("Training delivery"),
    "quality_assurance": N_("Quality assurance mission"),
    "material_adaptation_translation_printing": N_("Adaptation, translation, printing"),
}
NUMBERS = ("sessions", "participants", "copies")
