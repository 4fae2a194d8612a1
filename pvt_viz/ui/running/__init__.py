"""Work that goes on while a visitor looks: measuring, and training."""
