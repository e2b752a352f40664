"""Tongshi: a self-hosted customer-service agent that answers every customer in their own language."""
