"""What goes wrong, and what must still hold: one test per fault, named by its number.

`make test` runs each at reduced size; `make chaos [ID=R01]` runs them whole. What must hold after each is the same:
every entry in one state, every article once, no lease left behind.
"""
