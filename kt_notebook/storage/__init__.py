"""What is on disk: the journal (the truth), the lock, the projects, KerasTuner's files as a view of it."""
