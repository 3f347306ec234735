"""What this software claims of its speed, measured: each module has `run(scale)`, which returns figures by name."""

# The figures by their names in `var/bench.json`, and the modules that measure them.
MODULES = {
    "compose": "compose",
    "smtp": "smtp",
    "batch": "batches",
    "plan": "plan",
    "worker": "worker",
    "matching": "matching",
    "preview": "preview",
    "search": "search",
    "pages": "pages",
    "endpoints": "endpoints",
}
