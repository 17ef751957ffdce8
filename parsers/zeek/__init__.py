"""Zeek logs: tables written as Zeek 8 writes them, TSV and JSON."""
