"""The gateway: one door for people and programs, REST and WebSocket.

It holds no state of its own but connections: documents go to the payload store and the log, answers come from
the log. Start with ``app.py`` (HTTP) and ``session.py`` (WebSocket); ``services.py`` is what both use.
"""
