#!/usr/bin/env bash
# Makes every file of this folder anew: the speech of prompts.tsv (name TAB text) and the hold music, as
# headerless 8 kHz mu-law, name.ulaw. Needs Debian's open-jtalk, open-jtalk-mecab-naist-jdic,
# hts-voice-nitech-jp-atr503-m001 (contrib), sox, and Node 24. Run by hand when a text changes; the
# results are committed.
set -euo pipefail
cd "$(dirname "$0")"
voice=/usr/share/hts-voice/nitech-jp-atr503-m001/nitech_jp_atr503_m001.htsvoice
dictionary=/var/lib/mecab/dic/open-jtalk/naist-jdic
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
while IFS=$'\t' read -r name text; do
  [ -n "$name" ] || continue
  printf '%s\n' "$text" | open_jtalk -x "$dictionary" -m "$voice" -r 0.95 -ow "$scratch/$name.wav"
  # Telephone band, even loudness, 0.3 s of silence before the first word.
  sox -R "$scratch/$name.wav" -t raw -r 8000 -c 1 -e mu-law -b 8 "$name.ulaw" \
    rate -v 8000 highpass 200 sinc -3600 norm -6 \
    compand 0.02,0.15 6:-40,-28,-20,-14,-9,-6 0 -90 0.05 norm -4.5 pad 0.3 0.3
done <prompts.tsv
node hold-music.ts
