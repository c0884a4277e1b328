"""The peers that run in Python, each in a process of its own: see worker.py."""
