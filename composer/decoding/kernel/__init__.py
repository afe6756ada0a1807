"""The compiled step of a model in 8 bits: its source in C, how it is built, what it reads."""
