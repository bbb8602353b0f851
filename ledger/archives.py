"""What can be wrong with an archive that a stranger packed, whoever opens it."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from typing import Final

UNREADABLE: Final = (  # what zipfile raises for archives that lie, are damaged, encrypted or exotic
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
