"""Benchmarks for the performance that this software promises. Each has `run(scale)`, which returns figures by name.

A new one is a module here and a line in MODULES. What its figures must reach is in `report.GOALS`.
"""

# The names of the benchmarks in `var/bench.json`, and their modules.
MODULES = {
    "compose": "compose",
    "smtp": "smtp",
    "batch": "batches",
    "plan": "plan",
    "import": "imports",
    "worker": "worker",
    "matching": "matching",
    "learning": "learning",
    "preview": "preview",
    "search": "search",
    "pages": "pages",
    "endpoints": "endpoints",
    "admin": "admin",
}
