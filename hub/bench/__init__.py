"""Measuring the hub beside its peers, on this machine, in one run, with the final state checked."""
