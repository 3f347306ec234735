"""What the README claims, measured: each module has `run(scale)`, which returns figures by name."""
