"""The parts of Celery that are ours: beat's scheduler, the worker's consumer, and a site that is one process."""
