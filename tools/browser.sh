#!/bin/sh
# Print the path of a Chromium or Chrome for the browser tests on stdout; install one first where there is none.
# Everything else that is said goes to stderr. Usage: tools/browser.sh [python that has playwright]
set -eu

python=${1:-.venv/bin/python}
mac_app="/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"

works() { # a wrapper on PATH is not yet a browser: let it say its version
    [ -x "$1" ] && "$1" --version >/dev/null 2>&1 </dev/null
}

on_path() {
    for name in chromium chromium-browser google-chrome google-chrome-stable "$mac_app"; do
        found=$(command -v "$name") && works "$found" && echo "$found" && return 0
    done
    return 1
}

from_playwright() { # the one that an earlier "playwright install" downloaded
    found=$("$python" -c '
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)' 2>/dev/null </dev/null) && works "$found" && echo "$found"
}

as_root() { # run a command as root, if that can be done without a password
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

install_debian() {
    command -v apt-get >/dev/null && as_root true 2>/dev/null || return 1
    echo "No Chromium or Chrome found: installing the Debian package chromium." >&2
    as_root apt-get update >&2 </dev/null &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium >&2 </dev/null
}

install_playwright() {
    echo "No Chromium or Chrome found: asking playwright for one." >&2
    "$python" -m playwright install chromium >&2 </dev/null
}

if [ -n "${PVT_VIZ_BROWSER:-}" ]; then
    found=$(command -v "$PVT_VIZ_BROWSER") && works "$found" && echo "$found" && exit 0
    echo "PVT_VIZ_BROWSER is '$PVT_VIZ_BROWSER', which is no working browser: name a Chromium or Chrome, or unset it." >&2
    exit 1
fi

on_path || from_playwright && exit 0
install_debian && on_path && exit 0
install_playwright && from_playwright && exit 0
echo "The browser tests need Chromium or Chrome and none could be installed: install one, or set PVT_VIZ_BROWSER." >&2
exit 1
