"""Files of packets: captures of any kind become `Frames`, block by block."""
