#!/usr/bin/env bash
# Makes the two fonts of charts that are PNG files, out of DejaVu Sans Condensed 2.37 (github.com/dejavu-fonts/dejavu-fonts):
# the letters of European languages and the signs of formulas, without hints. What else stands in a name becomes a box.
#
#     crates/report/fonts/subset.sh FOLDER      where DejaVuSansCondensed.ttf and DejaVuSansCondensed-Bold.ttf lie
set -euo pipefail
from="$(cd "$1" && pwd)"
cd "$(dirname "$0")"
sha256sum --quiet --check <<SUMS
2d8aa290adcf1ebcbb35f63e57cf32941b012eaab4b65096b904112cf3bac972  $from/DejaVuSansCondensed.ttf
6d2f2481e2aae944e8411cc5be515c69503ff7f5db52f2c67bcbe5d4de6bec13  $from/DejaVuSansCondensed-Bold.ttf
SUMS
venv="$(mktemp -d)"
trap 'rm -rf "$venv"' EXIT
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet "fonttools==4.60.1"
# ASCII to Latin Extended-A, Greek, punctuation, raised and lowered digits, arrows; titles, which are bold, have no more.
title="U+0020-007E,U+00A0-017F,U+0391-03C9,U+03D5,U+2010-2016,U+2018-201E,U+2020-2022,U+2026,U+202F,U+2032-2033"
title+=",U+2070,U+2074-2079,U+207B,U+2080-2089,U+2190-2193,U+2202,U+2207,U+2211,U+2212,U+221A,U+221E,U+2248,U+2260,U+2264-2265,U+FFFD"
# Accents that stand over the letter before, Cyrillic, letters of indices, more of mathematics.
words="$title,U+02C6,U+02DC,U+02E3,U+0300-0304,U+0307-0308,U+0410-044F,U+0401,U+0451,U+1D62-1D65,U+2071,U+207F,U+2090-2094"
words+=",U+2096,U+20AC,U+2113,U+2122,U+2194,U+21D2,U+2208,U+220F,U+2217,U+2227-222B,U+2261,U+2299,U+22C5,U+230A-230B,U+25A1,U+25CF,U+2605,U+27E8-27E9"
subset() {
  "$venv/bin/pyftsubset" "$from/$1" --output-file="$1" --unicodes="$2" --layout-features=kern --no-hinting --notdef-outline \
    --name-IDs=0,1,2,3,4,5,6,16,17 --no-glyph-names --drop-tables+=FFTM,MATH,GDEF
}
subset DejaVuSansCondensed.ttf "$words"
subset DejaVuSansCondensed-Bold.ttf "$title"
ls -l ./*.ttf
