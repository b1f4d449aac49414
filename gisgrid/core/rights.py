"""What the rights are called, for who reads a page or a refusal."""

from __future__ import annotations

from gisgrid.core.messages import say

RIGHT_WORDS = {
    "see_houses": say("houses on the map"),
    "see_counts": say("exact counts"),
    "see_register": say("registers, masked"),
    "unmask": say("opening registers for a purpose"),
    "keep_register": say("keeping the register at the door"),
    "check_register": say("checking what workers enter"),
    "see_events": say("events"),
    "handle_events": say("handling events"),
    "see_contacts": say("telephones of colleagues"),
    "see_visits": say("visits"),
    "load": say("loading of files"),
    "keep_matters": say("keeping the list of matters"),
    "supplement_matters": say("a community's own rules for matters"),
    "plan": say("drawing plans"),
    "review": say("reviewing plans"),
    "dispatch": say("sending events to grids"),
    "answer_subjects": say("answers to people about their own data"),
    "export": say("exports"),
    "audit": say("the audit"),
    "administer": say("accounts"),
}
