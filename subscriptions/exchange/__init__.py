"""Readers and suppressed addresses in and out: files of other products, imports that can be resumed, and exports."""
