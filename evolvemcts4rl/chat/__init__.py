"""Buying completions, each once.

client: the one class to use. endpoint: a request and its retries. replicas: where to send it. dialect: what an endpoint
accepts. replies: reading what comes back. addresses: keys and URLs. journal: every completion on disk. embedded_model: the
model that needs no server.
"""
