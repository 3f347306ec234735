"""How the admin writes days and times: one way, which sorts. What readers see says its own formats."""
