"""Looking: the pieces that a page is made of, and what can be taken away from it."""
