"""Pure functions: numbers in, a picture or a chart out. No model is run here."""
