"""What a person or a program reads is written here, and nowhere else. Decides nothing."""
