"""Sets of intervals: which bytes of a stream or of a datagram are there.

Each set is a list, sorted and never touching, of nodes in one pool that all sets share: int64
(nodes, 3). A set is known by its first node, 0 for the empty one. Node 0 keeps the pool's
books: the first free node, and how many were ever used.
"""

from __future__ import annotations

from parsers.kernel import Words, kernel

BEGIN, END, BEHIND = 0, 1, 2  # columns of a node
FREE, USED = 0, 1  # columns of node 0


@kernel
def add(pool: Words, first: int, begin: int, end: int) -> int:
    """Add [begin, end) to a set; returns its first node. Takes one node at most."""
    before, node = 0, first
    while node != 0 and pool[node, END] < begin:
        before, node = node, pool[node, BEHIND]
    while node != 0 and pool[node, BEGIN] <= end:
        begin = min(begin, pool[node, BEGIN])
        end = max(end, pool[node, END])
        behind = pool[node, BEHIND]
        give_back(pool, node)
        node = behind
    new = take(pool)
    pool[new, BEGIN] = begin
    pool[new, END] = end
    pool[new, BEHIND] = node
    if before == 0:
        return new
    pool[before, BEHIND] = new
    return first


@kernel
def drop_first(pool: Words, first: int) -> int:
    """Remove the first interval; returns the first node of what is left."""
    behind = pool[first, BEHIND]
    give_back(pool, first)
    return behind


@kernel
def clear(pool: Words, first: int) -> None:
    """Give all nodes of a set back."""
    while first != 0:
        first = drop_first(pool, first)


@kernel
def size(pool: Words, first: int) -> int:
    """How many bytes a set covers."""
    octets = 0
    while first != 0:
        octets += pool[first, END] - pool[first, BEGIN]
        first = pool[first, BEHIND]
    return octets


@kernel
def take(pool: Words) -> int:
    """Take a node from the pool."""
    node = pool[0, FREE]
    if node != 0:
        pool[0, FREE] = pool[node, BEHIND]
        return node
    pool[0, USED] += 1
    return pool[0, USED]


@kernel
def give_back(pool: Words, node: int) -> None:
    """Put a node back into the pool."""
    pool[node, BEHIND] = pool[0, FREE]
    pool[0, FREE] = node
