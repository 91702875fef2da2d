"""Graphs that one trial has had traced, taken over by later trials that differ in numbers only."""
