"""Where the `/tmp` of sandboxes lies: on disk with an enforced size, or in memory where that cannot be.

On disk it is one btrfs image for all sandboxes of a server, in which each has a subvolume with a quota::

    prepare ──open──▶ Tmp (places) ──make──▶ a detached mount tree for the newborn
                        │   ▲
                        │   └── image: the file, its loop device, the mount; btrfs: the system calls
                        └──names, growth──▶ keeper: a process that deletes and grows, so that nobody waits

Rule: nothing here is needed to isolate; whatever fails, `/tmp` is a tmpfs and the reason is told.
"""
