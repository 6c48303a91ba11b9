"""content/ as frozen data: what municipal staff edit, read once and checked. `library.py` holds it all."""
