"""Who is the same person, weighed: log-odds over compared fields, vetoes, and clusters that do not depend on order.

Fellegi and Sunter, "A Theory for Record Linkage", JASA 64 (1969): each compared field adds log2(m/u), how much more often people
agree so with themselves than with strangers. What is missing adds nothing. `clusters` is the truth that any worker must equal.
Pure: no clock, chance, log, file or socket. Beside hub.domain.identity, whose versions and telling blocks it uses.
"""
