"""How fast, and how much in a day, mail may leave: together over all workers of all machines.

    rates (what the settings say) → gates (may this mail leave now?) → buckets in Redis or the database; days

A gate is asked once for each mail, and asks the store for some at a time: nearly always it answers out of its hand.
"""
