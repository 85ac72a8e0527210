"""Reading definitions: plain data (parsed YAML or JSON) becomes frozen values, or faults that say what to do.

Reading is total: whatever the data, the answer is a `Reading` and never an exception. It goes in two steps. First
`clean` looks at the data without knowing what it means (depth, size, numbers and characters that no database
keeps); then small readers walk it top-down. A reader takes a place (`At`) and returns a value, or None after it has
noted a fault there; a faulty field does not stop its neighbours, so one reading finds every fault. A value counts
only if nothing was noted anywhere. What a reader
must know of the rest of the survey (which bands exist, which questions come earlier) is worked out before the walk
(`outline`), so that there is no second pass whose faults would hide behind those of the first.

Three kinds of notice, by what silence would do:
- a field or word that is wrong is a *fault*;
- one that belongs to a later version is a *fault* too: ignoring `quota` would ask more people than was meant;
- one that nobody knows is a *warning*, with the nearest name that is known.

Limits are generous and finite everywhere, so that a definition can be stored, shown and sent without asking again.
`write_survey` and `write_policy` give the canonical written form back: `read(write(x)) == x`.
"""

from tactful.core.reading.notes import Fault, Step, Steps
from tactful.core.reading.receiver_writing import write_receiver
from tactful.core.reading.whole import (
    Definitions,
    Reading,
    read_file,
    read_policy,
    read_receiver,
    read_survey,
    read_words,
)
from tactful.core.reading.writing import write_policy, write_survey

__all__ = [
    "Definitions",
    "Fault",
    "Reading",
    "Step",
    "Steps",
    "read_file",
    "read_policy",
    "read_receiver",
    "read_survey",
    "read_words",
    "write_policy",
    "write_receiver",
    "write_survey",
]
