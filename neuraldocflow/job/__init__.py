"""The job's processes: run, watched from outside, ended together, and recovered from their snapshots."""
