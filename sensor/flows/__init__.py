"""The core: packets to connections, with Zeek's columns and meanings.

Read in this order: `row` (what a flow is), `walk` (the pass over the frames), `key`, `begin`,
`tcp` with `sequence`, `history` and `reassembly`, `datagram`, `timers`; then what happens to
flows that ended: `tracker`, `memory`, `conn`, `identity`, `payloads`.
"""
