"""The life of a supporter: courses, registering, certificates, refreshers, leaving. Deeds by people, staff and jobs."""
