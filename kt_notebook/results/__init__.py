"""What came out of a search: tables and best values, made from its record."""
