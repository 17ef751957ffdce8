"""Was a capture taken on a host that leaves checksums to its network card?

Packets that such a host sends are captured before the card fills in their checksums, so half of
the capture looks damaged; verifying would drop all of it. Damage on a wire is rare. So the first
packets of a capture decide: if more than a tenth of the checksums that can be checked are wrong,
this capture's are not verified.
"""

from __future__ import annotations

import numpy as np

from parsers.capture.frames import Frames
from parsers.kernel import Words, kernel
from parsers.packets.fields import FIELDS, PROTOCOL
from parsers.packets.ip import CHECKSUM, LENGTH_ZERO, OK
from parsers.packets.transport import ICMP, ICMPV6, TCP, UDP, checksum_is_wrong, ports
from sensor.flows.memory import Frame, lend
from sensor.flows.walk import LATEST, begin_frame, headers

CHECKED = 200  # packets with a checksum that decide; so few that plain Python does
LOOKED_AT = 2_000  # packets after which what was found decides
TOLERATED = 0.1  # share of wrong checksums that is damage, and not offloading


@kernel
def survey(f: Frame, p: Words, counts: Words, stop: int) -> None:
    """Count the first `stop` frames: counts[0] with a checksum, counts[1] with a wrong one."""
    block, at, captured, wire, time, link = f
    for i in range(stop):
        if counts[0] >= CHECKED:
            return
        begin_frame(p, min(time[i], LATEST), at[i], captured[i], wire[i], link[i])
        status = headers(block, 1, p)
        if status == LENGTH_ZERO or status == CHECKSUM:
            # The IP length is left to the card too where it cuts segments.
            counts[0] += 1
            counts[1] += 1
        elif status == OK and p[PROTOCOL] in (TCP, UDP, ICMP, ICMPV6) and ports(block, p) == OK:
            counts[0] += 1
            if checksum_is_wrong(block, p):
                counts[1] += 1


class OffloadSurvey:
    """The decision for one capture."""

    def __init__(self) -> None:
        self._counts = np.zeros(2, np.int64)
        self._seen = 0

    @property
    def is_decided(self) -> bool:
        """Whether further packets change nothing."""
        return bool(self._counts[0] >= CHECKED) or self._seen >= LOOKED_AT

    @property
    def is_offloaded(self) -> bool:
        """Whether too many checksums are wrong to be damage."""
        return bool(self._counts[1] > TOLERATED * self._counts[0])

    def look(self, frames: Frames) -> None:
        """Count the packets of a block, as long as that may change the decision."""
        if self.is_decided:
            return
        stop = min(len(frames.at), LOOKED_AT - self._seen)
        index = Frame(frames.block, frames.at, frames.captured, frames.wire, frames.ts, frames.link)
        survey(lend(index, False), np.zeros(FIELDS, np.int64).data, self._counts.data, stop)
        self._seen += stop

    def __str__(self) -> str:
        checked, wrong = self._counts.tolist()
        return (
            f"{wrong} of the first {checked} checksums are wrong, as where a network card fills "
            f"them in: checksums were ignored (--checksums verify insists)"
        )
