"""What a broadcast says: forms that staff write, checked, and rendered for each variant of people."""
