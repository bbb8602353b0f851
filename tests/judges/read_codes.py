"""Prints what the codes on the pages of a PDF say, as a camera would read them; one a line."""

import sys

import pypdfium2
import zxingcpp

DOTS_PER_POINT = 3

for page in pypdfium2.PdfDocument(sys.argv[1]):
    picture = page.render(scale=DOTS_PER_POINT).to_pil().convert("L")
    for code in zxingcpp.read_barcodes(picture):
        sys.stdout.write(f"{code.text}\n")
