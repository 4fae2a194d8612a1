"""What the pages share: navigation, the selection (sidebar <-> URL), cached calls, and recurring pieces of a page."""
