r"""Text from packets, logs and file names made safe to show: nothing in it acts on a terminal.

Whatever Unicode calls a control, a format character, a surrogate or a line break of its own becomes
visible as `\x1b` or `\u202e`: escape sequences move the cursor and set titles, bidirectional
overrides show `exe.txt` for `txt.exe`, zero-width characters make two names look alike.
"""

from __future__ import annotations

import unicodedata

# General categories (Unicode Standard, table 4-4): other but for unassigned, and the separators of
# lines and paragraphs. U+202A..202E and U+2066..2069, the bidirectional controls, are in Cf.
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def escape(text: str) -> str:
    """Return the text on one line, with every character that does not show itself written out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
