"""What the hub knows about people and programs: pure, no broker, socket, clock, randomness or log.

events → ids → history (fold) → needs and contributions → tallies → measures
"""
