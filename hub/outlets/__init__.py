"""Where results leave the joins: measures out of tallies, deliveries to subscribers, and the clock's ticks into them.

Plain consumers and producers, each a role of its own (`hub run measures|delivery|clock`).
"""
