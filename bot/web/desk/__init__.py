"""The desks' inbox under /desk: sign-in, the list, one page per concern."""
