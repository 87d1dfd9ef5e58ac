"""Pid 1 of a sandbox: a program of a few hundred bytes, and the tables of system calls it carries out."""
