"""A class: many submissions to one operation, each judged in processes of its own."""
