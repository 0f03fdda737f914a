"""Keys, sealing and erasure; what may stand in a log. Imports the domain only."""
