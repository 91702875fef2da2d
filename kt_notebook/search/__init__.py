"""The running search: one session owns the oracle, workers run trials, the hub tells what happened."""
