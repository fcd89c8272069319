"""What a person or a program reads is written here: the only writer to standard output, standard error and the log."""
