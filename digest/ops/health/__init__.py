"""The health of the site: heartbeats of its processes, incidents, alerts, readiness and the doctor."""
