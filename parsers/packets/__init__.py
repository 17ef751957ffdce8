"""Packets: from a frame to addresses, ports and payload, a file a layer.

Each layer is a kernel (see `parsers.kernel`) that reads headers out of a block of bytes and
answers with offsets. `link` finds the network header, `ip` reads it into the packet's fields,
`transport` reads the header behind it. Offsets count from the start of the block.
"""
