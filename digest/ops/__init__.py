"""Tools for operators: commands, dashboard, reports, alerts and checks; sender reputation, totals and retention."""
