r"""What files begin with: how sure each beginning is, the type that it tells, and the bytes.

Types and strengths are those that Zeek tells files by (base/frameworks/files/magic/*.sig), which
took many of them from libmagic; the bytes are from the specifications of the formats. A pattern
matches at the first byte, `.` any byte.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Signature(NamedTuple):
    """A type and what files of it begin with; of several that match the strongest counts."""

    strength: int
    mime_type: str
    pattern: bytes


def any_of(strength: int, mime_type: str, *patterns: bytes) -> Signature:
    """A type that is told by any of some beginnings."""
    return Signature(strength, mime_type, b"|".join(patterns))


def utf16(text: str) -> bytes:
    """A pattern of a text in UTF-16, the low byte first."""
    return re.escape(text.encode("utf-16-le"))


ZIP = rb"PK\x03\x04"  # APPNOTE.TXT 4.3.7: the name is 30 bytes behind the start of an entry
OOXML = "application/vnd.openxmlformats-officedocument"
OOXML_TYPES = (
    (b"word", "wordprocessingml.document"),
    (b"xl", "spreadsheetml.sheet"),
    (b"ppt", "presentationml.presentation"),
)
ODF = ZIP + rb".{22}\x08\x00\x00\x00mimetypeapplication/"
ODF_KINDS = (b"text", b"graphics", b"presentation", b"spreadsheet", b"chart", b"formula", b"image")
UPDATES = (
    Signature(100, "application/bsdiff", rb"BSDIFF"),
    Signature(100, "application/bindiff", rb"DIFF"),
    Signature(100, "application/x-kaspavdb", rb"KLZF"),
    Signature(100, "application/x-kaspavupdate", rb"KLD2"),
    Signature(100, "application/chrome-ext", rb"Cr24"),
    Signature(70, "application/chrome-ext-upd", rb"CrOD"),
    Signature(100, "application/x-game-mpq", rb"MPQ\x1a"),
    Signature(100, "application/x-blizgame", rb"BLTE"),
    Signature(100, "application/map-tile", rb"VMP4"),
)
ARCHIVES = (
    Signature(10, "application/zip", ZIP + rb".{2}"),
    Signature(10, "application/zip", rb"PK\x07\x08" + ZIP),
    Signature(340, "application/zip", rb"MZ.{28}(?:Copyright 1989-1990 PKWARE Inc|PKLITE Copr)\."),
    Signature(100, "application/java-archive", ZIP + rb".{1,200}\x14\x00..META-INF/MANIFEST\.MF"),
    Signature(100, "application/vnd.google-earth.kmz", ZIP + rb"\x14.{25}doc\.kml"),
    Signature(
        *(100, "application/x-tar"),
        rb"[\x20-\x7e\x00]{100}(?:[0-9 ]{7}\x00){3}(?:[0-9 ]{11}\x00){2}"
        rb"[0-9\x00 ]{7}[ \x00][0-7\x00]",
    ),
    Signature(70, "application/x-rar", rb"Rar!"),
    Signature(100, "application/x-gzip", rb"\x1f\x8b"),  # RFC 1952, 2.3.1
    Signature(110, "application/vnd.ms-cab-compressed", rb"MSCF\x00{4}"),  # MS-CAB 2.1
    any_of(
        *(100, "application/x-dmg"),
        *(rb"x\x01s\rbb`", rb"x\xdac`\x18\x05", rb"x\x01c`\x18\x05", rb"x\xdas\r"),
        rb"x[\x01\xda]\xed[\xd0-\xd9]",
    ),
    Signature(100, "application/x-xar", rb"xar!"),
    any_of(70, "application/x-rpm", rb"drpm", rb"\xed\xab\xee\xdb"),
    Signature(171, "application/x-debian-package", rb"!<arch>\ndebian"),
    Signature(70, "application/x-archive", rb"!?<ar(?:ch)?>"),
    any_of(70, "application/x-stuffit", rb"SIT!", rb"StuffIt"),
    Signature(70, "application/x-arc", rb"[\x00-\x7f]{2}[\x02-\x0a\x14\x48]\x1a"),
    Signature(70, "application/x-eet", rb"\x1e\xe7\xff\x00"),
    Signature(70, "application/x-zoo", rb".{20}\xdc\xa7\xc4\xfd"),
    any_of(70, "application/x-lz4", rb"\x02!L\x18", rb"\x04\x22M\x18"),
    Signature(1, "application/x-lrzip", rb"LRZI"),
    Signature(70, "application/x-lzip", rb"LZIP"),
    Signature(80, "application/x-lzh", rb".{2}-(?:lh[ abcdex0-9]|lz[s2-8]|pm[s012]|pc1)-"),
    Signature(120, "application/x-lha", rb"MZ.{34}LH[aA]'s SFX"),
    Signature(50, "application/warc", rb"WARC/"),
    Signature(50, "application/x-7z-compressed", rb"7z\xbc\xaf'\x1c"),
    Signature(90, "application/x-xz", rb"\xfd7zXZ\x00"),
    Signature(50, "application/x-arj", rb"`\xea"),
    any_of(50, "application/x-cpio", rb"\xc7q", rb"q\xc7"),
    Signature(50, "application/x-compress", rb"\x1f\x9d"),
    Signature(71, "application/x-lzma", rb"\x5d\x00\x00"),
    Signature(100, "application/x-ace", rb".{7}\*\*ACE\*\*"),
    Signature(60, "application/x-bzip2", rb"BZh"),
    Signature(280, "application/x-shar", rb".{10}# This is a shell archive"),
    Signature(230, "application/x-svr4-package", rb"# PaCkAgE DaTaStReAm"),
    Signature(140, "application/x-ia-arc", rb"filedesc://"),
    Signature(140, "application/x-bittorrent", rb"d8:announce"),  # BEP 3
    Signature(70, "x-epoc/x-sisx-app", rb"z\x1a \x10"),
    Signature(70, "application/vnd.symbian.install", rb".{8}\x19\x04\x00\x10"),
)


def elf(kind: bytes) -> bytes:
    """An ELF header (gABI, chapter 4) of that e_type, in the byte order that it says."""
    return rb"\x7fELF[\x01\x02](?:\x01.{10}" + kind + rb"\x00|\x02.{10}\x00" + kind + rb")"


PYTHON = (
    *(rb"(?:\xfc\xc4|\x99N)", rb"(?:\x87\xc6|[*-]\xed|\x03\xf3)", rb"[;EYcmw\x81\x8b\x8c\x95]\xf2"),
    *(
        rb"[\x9f\xa9\xb3\xc7\xd1\xdb\xe5\xef\xf9]\xf2",
        rb"[\xb8\xc2\xcc\xd6\xe0\xea\xf4\xf5\xff]\x0b",
    ),
    *(rb"[\x09\x13\x1d\x1f';EOXblv\x80\x94\x9e]\x0c", rb"[\xb2\xc6\xcc\xd0\xda\xe4\xee\xf8]\x0c"),
    *(rb"[\x02\x0c\x16\x17 !*-\-/-3>-BHIR-U\x5c-af-o]\r", rb"[z-\xa7\xac-\xcb\xde-\xf3]\r"),
    rb"[\x10-\x19]\x0e",
)
EXECUTABLES = (
    Signature(51, "application/x-dosexec", rb"MZ"),
    Signature(190, "application/x-dosexec", rb".{369}MICROSOFT PIFEX\x00"),
    Signature(50, "application/x-object", elf(rb"\x01")),
    Signature(50, "application/x-executable", elf(rb"\x02")),
    Signature(50, "application/x-sharedlib", elf(rb"\x03")),
    Signature(50, "application/x-coredump", elf(rb"\x04")),
    any_of(
        *(100, "application/x-mach-o-executable"),
        *(rb"[\xce\xcf]\xfa\xed\xfe", rb"\xca\xfe\xba\xbe..\x00[\x01-\x14]"),
    ),
    Signature(71, "application/x-java-applet", rb"\xca\xfe\xba\xbe...[\x2d-\x34]"),
    Signature(1, "application/x-java-pack200", rb"\xca\xfe\xd0\x0d."),
    Signature(70, "application/x-java-keystore", rb"\xfe\xed\xfe\xed"),
    Signature(70, "application/x-java-jce-keystore", rb"\xce{4}"),
    Signature(100, "application/x-java-jnlp-file", rb"<jnlp "),
    Signature(10, "application/x-elc", rb";ELC[\x00-\x1f\x80-\xff]"),
    any_of(80, "application/x-python-bytecode", *(each + rb"\r\n" for each in PYTHON)),
    Signature(60, "application/x-shockwave-flash", rb"[FCZ]WS"),
)


def odf(strength: int, kind: bytes, more: bytes = b"") -> Signature:
    """An OpenDocument package (part 2, 3.3) that says so; `more` of the type, if it is a name."""
    name = kind + more if more.startswith(b"-") else kind
    return Signature(
        *(strength, f"application/vnd.oasis.opendocument.{name.decode()}"),
        ODF + rb"vnd\.oasis\.opendocument\." + kind + more,
    )


DOCUMENTS = (
    Signature(80, "application/pdf", rb"%PDF-"),
    Signature(80, "application/vnd.fdf", rb"%FDF-"),
    Signature(60, "application/postscript", rb"\x04%!"),
    Signature(50, "application/postscript", rb"%!"),
    Signature(80, "text/rtf", rb"\{\\rtf"),
    Signature(50, "application/msword", rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),  # MS-CFB 2.2
    Signature(50, OOXML, ZIP + rb"\x14\x00\x06\x00"),
    *(
        Signature(
            *(80, f"{OOXML}.{name}"),
            ZIP
            + rb".{26}(?:\[Content_Types\]\.xml|_rels/\.rels|%b/).*%b.{26}%b/" % (part, ZIP, part),
        )
        for part, name in OOXML_TYPES
    ),
    *(odf(110, kind, rb"[^-]") for kind in ODF_KINDS),
    *(odf(120, kind, b"-template") for kind in ODF_KINDS),
    odf(110, b"database"),
    odf(70, b"text", b"-web"),
    odf(100, b"text", b"-master"),
    Signature(110, "application/epub+zip", ODF + rb"epub\+zip"),
    Signature(180, "application/x-msaccess", rb".{4}Standard (?:Jet|ACE) DB\x00"),
    Signature(
        *(49, "application/x-ms-shortcut"),  # MS-SHLLINK 2.1
        rb"L\x00\x00\x00\x01\x14\x02\x00{5}\xc0\x00{6}F",
    ),
    Signature(100, "application/vnd.ms-tnef", rb"x\x9f>\x22"),  # MS-OXTNEF 2.1.3.1
    Signature(71, "application/ocsp-request", rb".{11,19}\x06\x05\x2b\x0e\x03\x02\x1a"),  # RFC 6960
    Signature(
        *(71, "application/ocsp-response"),
        rb".{11,19}\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x01",
    ),
    any_of(70, "application/vnd.tcpdump.pcap", rb"\xa1\xb2\xc3\xd4", rb"\xd4\xc3\xb2\xa1"),
    any_of(
        *(100, "application/vnd.tcpdump.pcap"),
        *(rb"\n\r\r\n.{4}\x1a\x2b\x3c\x4d", rb"\n\r\r\n.{4}\x4d\x3c\x2b\x1a"),
    ),
    Signature(100, "application/skp", rb"\xff\xfe\xff\x0e" + utf16("SketchUp Model")),
    Signature(
        *(49, "application/vnd.ms-reg"),
        rb"\xff\xfe" + utf16("Windows Registry Editor Version 5.00"),
    ),
    Signature(49, "application/vnd.ms-pol", rb"PReg"),  # MS-GPREG 2.2.1
    Signature(49, "application/vnd.ms-regf", rb"regf"),
    Signature(49, "application/vnd.ms-outlook", rb"!BDN.{6}[\x0e\x0f\x15\x17][\x00-\x02]"),
    Signature(100, "application/mshelp", rb"ITSF"),
    Signature(0, "application/vnd.apple-afpinfo", rb"AFP"),
    Signature(100, "application/bplist", rb"bplist"),
    Signature(100, "application/mssql-bak", rb"MSSQLBAK"),
    Signature(100, "application/mtf", rb"TAPE"),
    Signature(100, "application/msqm", rb"MSQM"),
    Signature(50, "application/x-windows-minidump", rb"MDMP"),
    Signature(100, "application/x-vim-tmp", rb"b0VIM"),
    Signature(110, "application/x-hdf", rb"\x89HDF\r\n\x1a\n"),
    Signature(70, "application/x-hdf", rb"\x0e\x03\x13\x01"),
    Signature(70, "application/dicom", rb".{128}DICM"),
    any_of(70, "application/x-dbm", rb"a\x15\x06\x00", rb"\x00\x06\x15a"),
    any_of(70, "application/x-gdbm", rb"GDBM", rb"\xce\x9aW\x13", rb"\x13W\x9a\xce"),
    any_of(50, "application/x-pgp-keyring", rb"\x99\x00", rb"\x95[\x00\x01]"),
    Signature(50, "application/x-gnupg-keyring", rb"\x99\x01"),
    any_of(50, "text/PGP", rb"\xa6\x00", rb"\x85\x02"),
    Signature(50, "application/x-dvi", rb"\xf7\x02"),
    Signature(110, "application/vnd.lotus-wordpro", rb"WordPro\x00"),
    Signature(120, "application/vnd.lotus-wordpro", rb"WordPro\r\xfb"),
    Signature(90, "application/x-quark-xpress-3", rb".{2}MMXPR3"),
    Signature(1, "application/x-ms-reader", rb"ITOLITLS.{4}"),
)

JPEG2000 = rb"\x00\x00\x00\x0cjP  \r\n\x87\n.{8}"  # ISO/IEC 15444-1, I.5
IMAGES = (
    Signature(100, "application/x-ms-dds", rb"DDS"),
    any_of(70, "image/tiff", rb"MM\x00[*+]", rb"II[*+]\x00"),
    Signature(70, "image/gif", rb"GIF8"),
    Signature(52, "image/jpeg", rb"\xff\xd8"),
    Signature(50, "image/x-ms-bmp", rb"BM.{12}[\x0c\x28\x40\x6c\x7c\x80]\x00"),
    Signature(70, "image/x-icon", rb"\x00\x00\x01\x00"),
    Signature(70, "image/x-cursor", rb"\x00\x00\x02\x00"),
    Signature(70, "image/vnd.adobe.photoshop", rb"8BPS"),
    Signature(110, "image/png", rb"\x89PNG"),
    Signature(70, "image/webp", rb"RIFF.{4}WEBP"),
    Signature(60, "image/jp2", rb".{4}ftypjp2"),
    Signature(50, "image/jp2", rb".{4}jP"),
    Signature(70, "image/jp2", JPEG2000 + rb"jp2 "),
    Signature(70, "image/jpx", JPEG2000 + rb"jpx "),
    Signature(70, "image/jpm", JPEG2000 + rb"jpm "),
    Signature(70, "image/x-xcursor", rb"Xcur"),
    Signature(70, "image/x-niff", rb"IIN1"),
    Signature(70, "image/x-exr", rb"v/1\x01"),
    Signature(70, "image/x-dpx", rb"SDPX"),
    Signature(70, "image/x-cpi", rb"CPC\xb2"),
    any_of(70, "image/x-olympus-orf", rb"IIR[OS]", rb"MMOR"),
    Signature(170, "image/x-canon-crw", rb"II\x1a\x00\x00\x00HEAPCCDR"),
    Signature(130, "image/x-canon-cr2", rb"II\*\x00\x10\x00\x00\x00CR"),
    Signature(70, "image/x-x3f", rb"FOVb"),
    Signature(70, "image/x-paintnet", rb"PDN3"),
    Signature(70, "image/x-coreldraw", rb"RIFF.{4}CDR[A6]"),
    Signature(50, "image/x-portable-pixmap", rb"P7"),
    Signature(42, "image/x-portable-greymap", rb"P5.[0-9]{1,50}  [0-9]"),
    Signature(42, "image/x-portable-pixmap", rb"P6.[0-9]{1,50}  [0-9]"),
    Signature(42, "image/x-portable-bitmap", rb"P4.[0-9]{1,50}  [0-9]"),
    Signature(70, "image/vnd.djvu", rb"AT&TFORM.{4}(?:DJV[MUI]|THUM)"),
    any_of(90, "image/vnd.dwg", rb"AC[12]\.", rb"AC10"),
    Signature(110, "image/x-xcf", rb"gimp xcf"),
    Signature(160, "image/x-polar-monitor-bitmap", rb"\[BitmapInfo2\]"),
    Signature(20, "image/x-award-bmp", rb"AWBM"),
    Signature(50, "image/x-award-bioslogo", rb"\x11[\x06\x09]"),
    Signature(70, "image/x-quicktime", rb".{4}idsc"),
    Signature(70, "image/x-lss16", rb"=\xf3\x13\x14"),
)

EBML = rb"\x1a\x45\xdf\xa3.*B\x82."  # RFC 8794, 11.2.4
SOUND = (
    Signature(20, "audio/mpeg", rb"\xff[\xe2\xe3\xf2\xf3\xf6\xf7\xfa-\xfd]"),
    Signature(70, "audio/m4a", rb".{4}ftypm4a"),
    Signature(60, "audio/mp4", rb".{4}ftypM4A"),
    Signature(70, "audio/x-wav", rb"RIFF.{4}WAVE"),
    Signature(190, "audio/x-wav", rb"RF64\xff{4}WAVEds64"),
    Signature(70, "audio/x-hx-aac-adif", rb"ADIF"),
    Signature(50, "audio/x-hx-aac-adts", rb"\xff[\xf0\xf1\xf8\xf9]"),
    Signature(50, "audio/x-mp4a-latm", rb"V[\xe0-\xff]"),
    Signature(50, "audio/vnd.dolby.dd-raw", rb"\x0bw"),
    Signature(70, "audio/x-ape", rb"MAC "),
    Signature(70, "audio/x-aiff", rb"FORM.{4}(?:AIFF|AIFC|8SVX)"),
    Signature(70, "audio/x-flac", rb"fLaC"),
    Signature(60, "audio/x-musepack", rb"MP\+"),
    Signature(70, "audio/x-pn-realaudio", rb"\.ra\xfd"),
    Signature(70, "audio/midi", rb"MThd"),
    Signature(70, "audio/basic", rb"\.snd.{8}\x00{3}[\x01-\x07]"),
    Signature(70, "audio/x-adpcm", rb"\.snd.{8}\x00{3}\x17"),
    Signature(70, "audio/x-dec-basic", rb"\.sd\x00.{8}[\x01-\x07\x17]\x00{3}"),
    Signature(70, "audio/x-mod", rb"IMPM"),
    Signature(190, "audio/x-mod", rb"Extended Module:"),
    any_of(110, "audio/x-mod", rb".{21}!SCREAM!", rb".{21}BMOD2STM"),
    Signature(70, "application/ogg", rb"OggS"),
)
VIDEO = (
    Signature(60, "video/x-flv", rb"FLV"),
    Signature(50, "video/x-fli", rb".{4}\x11\xaf"),
    Signature(50, "video/x-flc", rb".{4}\x12\xaf"),
    Signature(70, "video/mj2", JPEG2000 + rb"mjp2"),
    Signature(70, "video/x-mng", rb"\x8aMNG"),
    Signature(70, "video/x-jng", rb"\x8bJNG"),
    Signature(50, "video/mpeg", rb"\x00\x00\x01[\xb0-\xbb]"),
    Signature(71, "video/mpv", rb"\x00\x00\x01\xb3"),
    Signature(41, "video/h264", rb"\x00\x00\x00\x01[\x07'Gg\x87\xa7\xc7\xe7]"),
    Signature(70, "video/webm", EBML + rb"webm"),
    Signature(110, "video/x-matroska", EBML + rb"matroska"),
    Signature(21, "video/mp2p", rb"\x00\x00\x01\xba[\x40-\x7f\xc0-\xff]"),
    Signature(70, "video/x-sgi-movie", rb"MOVI"),
    Signature(70, "video/quicktime", rb".{4}(?:mdat|moov)"),
    Signature(50, "video/quicktime", rb".{4}ftypqt"),
    Signature(70, "video/mp4", rb".{4}ftyp(?:isom|mp4[12])"),
    Signature(60, "video/mp4", rb".{4}ftypM4V"),
    Signature(60, "video/3gpp", rb".{4}ftyp(?:3g[egps2]|avc1|mmp4)"),
    Signature(70, "application/x-quicktime-player", rb".{4}pckg"),
    Signature(70, "video/x-ms-asf", rb"0&\xb2u"),
    Signature(70, "video/x-msvideo", rb"RIFF.{4}AVI "),
    Signature(100, "application/vnd.rn-realmedia", rb"\.RMF\x00{3}"),
)
FONTS = (
    Signature(70, "application/font-woff2", rb"wOF2"),
    Signature(70, "application/font-woff", rb"wOFF"),
    Signature(80, "application/x-font-ttf", rb"\x00\x01\x00\x00\x00"),
    Signature(50, "application/vnd.ms-fontobject", rb".{34}LP"),
    Signature(
        *(70, "application/x-font-sfn"),
        rb"(?:\x04\x00{3}|\x00{3}\x04).{100}(?:\x04\x00{3}|\x00{3}\x04)",
    ),
    Signature(70, "application/vnd.ms-opentype", rb"OTTO"),
    Signature(160, "application/vnd.font-fontforge-sfd", rb"SplineFontDB:"),
)

BINARY = (*ARCHIVES, *UPDATES, *EXECUTABLES, *DOCUMENTS, *IMAGES, *SOUND, *VIDEO, *FONTS)
