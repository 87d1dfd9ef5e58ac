"""The outbound network of sandboxes: to the internet, and to nothing of this host.

::

    sandbox (its own netns)        router (one netns per server)             host
    eth0 169.254.128+i/32 ──veth── s<n>   filter, masquerade   uplink ──veth── lmb<id>  filter, masquerade
                                   169.254.127.1: DNS          uplink ──pasta  (an ordinary user)

* Sandboxes hang off a network namespace of lambdad's own, so the host gains one interface and not
  one per sandbox, and no rule of the host's firewall can let two sandboxes meet.
* Inside, every address is link-local (169.254.128.0/19). That range must be unreachable for a function
  anyway, so it can never hide an address a function wants to reach, and one rule keeps sandboxes apart.
* DNS queries go to the router's address, where `relay` hands them to whatever resolver the host
  uses at that moment, even one on the host's loopback.
* There is no IPv6 outbound: links have no IPv6 address and the router drops the protocol.
* Links are made with a pool member and never deleted: the kernel removes one with its namespace.

`links` is the front (used by the launcher), `inside` the part that runs in the sandbox's namespace.
"""
