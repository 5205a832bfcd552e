"""The swarm: documents wait by priority, agents (processes) work on them, and any agent may die.

Start with :class:`Swarm`; :mod:`.scheduler` and :mod:`.autoscaler` decide, without I/O.
"""

from .job import Job, Outcome, Progress
from .scheduler import Full
from .swarm import Swarm

__all__ = ["Full", "Job", "Outcome", "Progress", "Swarm"]
