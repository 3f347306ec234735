"""Drills: something fails while real processes run, operators must be alerted, and no email is lost or sent twice.

Each drill starts real processes on loopback. It ends when an alert has arrived and everything works again by itself, or
by what the alert says to do.
"""
