"""For those who run it: what they ask for by hand, what they see at a glance, what they are mailed and warned of."""
