"""A town's own table of schemes, as its departments keep it, into content/schemes/<town>.csv and out again. Pure."""
