"""The swarm: documents wait by priority, agents (processes) work on them, and any agent may die.

Start with :class:`~.swarm.Swarm`; :mod:`.scheduler` and :mod:`.autoscaler` decide, without I/O. Importing
the package imports nothing: each agent would load what the dataflow's side needs.
"""
