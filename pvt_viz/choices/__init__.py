"""What can be chosen, as plain data: from loose words (a link, widgets, a command line) to a valid choice, and back."""
