"""What every other room is about: the small frozen program between front and back."""
