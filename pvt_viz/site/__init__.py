"""The walk-through of one picture as a folder of files: it needs no server, no network and no Python."""
