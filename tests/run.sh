#!/bin/bash
# Runs every suite, or those named: tests/run.sh [SUITE…]. On a fresh machine it installs what they need from Debian's
# packages, which asks for root. The suites:
#
#   format       rustfmt
#   lint         clippy, warnings refused; shellcheck
#   unit         what needs no other program, doc tests included
#   calendar     schedules compared with systemd-analyze
#   integration  the service among redis-server, Alertmanager, haproxy, rclone, restic and a mail server
#
# CARGO_TARGET_DIR is honoured. All of Rust is built in one profile, once for clippy and once to run.
set -euo pipefail
cd "$(dirname "$0")/.."

SUITES=(format lint unit calendar integration)

# Installs the Debian packages that are missing. Their services are not started: each test starts its own.
need() {
    local missing=() package
    for package; do
        [[ $(dpkg-query --show --showformat='${db:Status-Abbrev}' "$package" 2>/dev/null) == ii* ]] || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    local as_root=()
    if ((EUID != 0)); then
        as_root=(sudo)
        command -v sudo >/dev/null || { echo "not root, and no sudo: install ${missing[*]}" >&2; return 1; }
    fi
    echo "installing ${missing[*]}"
    local policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
        "${as_root[@]}" chmod 755 "$policy"
        # shellcheck disable=SC2064  # expanded now, while the names are known
        trap "${as_root[*]} rm -f $policy" EXIT
    fi
    # No progress bars or service messages in the output, unless something goes wrong.
    local log
    log=$(mktemp)
    if ! { "${as_root[@]}" apt-get update &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get install --yes --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
        cat "$log" >&2
        return 1
    fi
    rm "$log"
}

component() {
    cargo "$1" --version >/dev/null 2>&1 || rustup component add "$2"
}

suite_format() {
    component fmt rustfmt
    cargo fmt --check
}

suite_lint() {
    component clippy clippy
    need shellcheck
    cargo clippy --locked --all-targets --quiet -- -D warnings
    git ls-files -z '*.sh' .ci/run | xargs -0 shellcheck
}

suite_unit() {
    cargo test --locked --quiet --lib
    cargo test --locked --quiet --doc
}

suite_calendar() {
    need systemd
    cargo test --locked --quiet --test calendar
}

suite_integration() {
    need redis-server prometheus prometheus-alertmanager prometheus-node-exporter haproxy rclone restic python3 python3-aiosmtpd
    # Each test starts several programs: more at once than this would measure the machine's patience.
    cargo test --locked --quiet --test integration -- --test-threads "${TEST_THREADS:-4}"
}

main() {
    local suite
    (($#)) || set -- "${SUITES[@]}"
    for suite; do
        [[ " ${SUITES[*]} " == *" $suite "* ]] || { echo "no suite $suite; there are ${SUITES[*]}" >&2; exit 2; }
    done
    for suite; do
        local began=$SECONDS
        echo "== $suite"
        "suite_$suite"
        echo "== $suite: passed in $((SECONDS - began)) s"
    done
}

main "$@"
