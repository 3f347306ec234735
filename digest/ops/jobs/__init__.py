"""Jobs: long work that staff start in the admin and a worker does, in steps, with progress and a report at the end.

start → runner.run_pending (a worker, each minute and at once) → the kind's function yields Step after Step
"""
