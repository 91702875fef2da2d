"""What the benchmarks measure, one idea a file; `overhead.py` and `memory.py` run them and print tables."""
