"""The Cost page, section by section; each takes the network at the page's size, and the page's own choices."""
