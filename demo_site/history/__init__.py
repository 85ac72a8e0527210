"""Lantern's last six months, invented: who learned there, what happened, and what they said when they were asked.

This package tells what *people* do and nothing of what Tactful does with it: who comes when, what they finish, and how
somebody would take it to be asked. Whether they are asked is decided by whoever plays the story. It is told the same
way every time: all chance is drawn from one `random.Random` of a given seed.
"""

from demo_site.history.moments import Learner, Moment, Reaction, Visit, Word
from demo_site.history.opinions import Asked
from demo_site.history.past import PAST, past_definitions
from demo_site.history.story import SEED, Story

__all__ = ["PAST", "SEED", "Asked", "Learner", "Moment", "Reaction", "Story", "Visit", "Word", "past_definitions"]
