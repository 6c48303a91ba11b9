"""Pictures of broadcasts, drawn from templates: an event, the monthly letter, a word in a disaster, a photo alone."""
