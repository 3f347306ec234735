"""The metrics of /metrics, for Prometheus.

    families builds them from the database and the broker; exposition writes them as text; access says who may read them

They are collected when they are asked for, and every process gives the same answer. Numbers that only grow come from
`digest.counters`.
"""
