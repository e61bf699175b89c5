"""What a scorer is: settings, references, arguments, and the kinds that there are. Pure, and without I/O."""
