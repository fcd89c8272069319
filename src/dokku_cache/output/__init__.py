"""What a person or a program reads. The only writer to standard output and standard error."""
