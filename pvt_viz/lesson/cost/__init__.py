"""What attention costs, counted and measured; each takes the network at the page's size, and the page's own choices."""
