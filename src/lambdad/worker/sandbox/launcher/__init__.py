"""The launcher: a small single-threaded process that makes sandboxes by direct system calls.

It runs on a bare interpreter (`-I -S`, standard library only) beside the server, so that nothing of the
server's memory, threads or descriptors is ever forked into a sandbox::

    server ──requests──▶ launcher ──clone3, exec──▶ pid 1 of the sandbox ──fork, exec──▶ function
       └────────tables, over a control socket──────────▲

`main` is its loop, `birth` makes the namespaces, `rootfs` the tree that every sandbox begins with, `first`
is pid 1 and what it is told, `fork_server` and `program` make what waits in a blank, `seccomp` are refused
calls, `cgroups` the limits and what freezes (where `hierarchies` finds room for them), `trial` the probe.

Rule: modules in here import the standard library, each other and `sandbox.network` only.
"""
