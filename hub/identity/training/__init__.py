"""How the weights of the link model are learnt: comparison patterns, EM, and thresholds chosen on one half of the people
and reported on the other."""
