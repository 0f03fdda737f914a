"""What is decided in the linkage zone: the only room where identifiers are clear."""
