"""Byte code of functions and layers, made when they are published and read when they start."""
