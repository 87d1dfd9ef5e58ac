"""Memory images: an initialised process is written down once and copied into waiting blanks.

A small checkpoint and restore for one special case: the process (the template) is single-threaded, blocks
in a read of its channel (descriptor 4), and was forked from the same fork server as the blanks, so libc,
interpreter, stack, heap and the kernel's own pages lie at the same addresses in all of them. Template and
blank stay without privileges; the work is done from outside, with ptrace::

    dumping    template ─▶ image: one sealed memfd with its memory, its registers and the way back
    restoring  image ─▶ blank: a few bytes of machine code in the blank carry out a table of system calls

`eligibility` and `descriptors` say what cannot be copied, `mappings` reads the address space, `storing`
decides what is written and how it comes back, `steps` is the table and the code that runs it, `tracing`
ptrace itself, `header` what an image says of itself. What is refused is a `Refused` with the reason.

Rule: the standard library only; nothing that a template says is trusted, every size is bounded.
"""
