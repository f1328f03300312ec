"""Small data that ships with the library."""
