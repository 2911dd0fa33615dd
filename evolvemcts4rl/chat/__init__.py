"""Buying completions, each once.

client: the one class to use, and how each role asks it.
servers: an endpoint for each server.
roles: which model plays which part.
probes: whether every model answers, before a run begins.
endpoint: a request and its retries.
buyer: a single request to one replica, and what came of it.
model_listing: which models there are, and who owns them.
patience: what a fault means for a request and for the run.
outage: whether anything answers at all.
budget: what may still be bought.
slots: the one limit of requests in flight.
replicas: which replica a request goes to, and when.
connection: one server over HTTP.
dialect: what a server accepts.
faults: what a failed request means.
replies: a reply read as completions.
addresses: keys and URLs.
journal: every completion on disk.
embedded_model: the model that needs no server.
"""
