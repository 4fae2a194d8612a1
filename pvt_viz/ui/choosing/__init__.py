"""Choosing a picture and a network: the sidebar, and what it and the pages keep of it for the visit."""
