"""What desk staff do with a concern, whoever asks for it: the inbox in the browser or the command line."""
