"""The demo: a whole newspaper on one machine, with a crash in the middle, within a minute.

plan        its figures
folder      where it lives: newsletter.toml, database, journal, logs
processes   site, worker and stand-in as processes that end with it
house       all of these, opened and running
desk        what an editor does, through the same functions as the commands
story       the chapters, in order
proofs      what is looked up at the receiving end
screen      how it is told
"""
