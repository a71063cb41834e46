#!/bin/bash

#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

# Runs every suite, or those named: tests/run.sh [SUITE…]. On a fresh machine it installs what they need from Debian's
# packages, which asks for root. The suites:
#
#   format       rustfmt
#   lint         clippy, warnings refused; shellcheck for all Bash scripts, ruff for all Python; no circle of imports in src;
#                licence headers
#   msrv         the crate builds with the oldest Rust that Cargo.toml promises (rust-version)
#   deny         licences, duplicates and sources of the dependencies, by cargo-deny; advisories are the workflow's
#   unit         what needs no other program, doc tests included
#   calendar     schedules compared with systemd-analyze
#   integration  the service among redis-server, Alertmanager, haproxy, rclone, restic and a mail server
#   mailservers  mails through Postfix and Exim; needs root, as they do
#   attack       kills, damaged journals, clocks that are set, floods, memory, inputs by chance; ATTACK_LONG=1 takes longer at each
#   module       every action and event of the NS8 module as the agent runs them, its unit, its dashboard, its Robot tests;
#                with a stand-in for the core's Python package, and with the real one where NS8_CORE names a checkout
#   ui           the pages in cluster-admin: their language files and logic, eslint, the build and its size
#   e2e          the built pages in Debian's Chromium, below a stand-in for cluster-admin: every page and state, with the real
#                actions, service and Redis behind them; accessibility by axe; pictures in target/screenshots
#   logql        Loki's own parser reads the queries; only when named, as it needs Go and its module proxy
#   images       both container images: built, looked into, and the service's run with the unit's own flags
#
# TEST_SEED sets the chance in the month test of suite integration: a failure prints the one that it had.
# CARGO_TARGET_DIR is honoured. All of Rust is built in one profile, once for clippy and once to run.
set -euo pipefail
cd "$(dirname "$0")/.."

SUITES=(format lint msrv deny unit calendar integration mailservers attack module ui e2e images)
WHEN_NAMED=(logql)

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

# Python with the packages that tests need, in an environment of its own.
VENV=${CARGO_TARGET_DIR:-target}/venv
need_python() {
    need python3 python3-venv
    [[ -x $VENV/bin/python ]] || python3 -m venv "$VENV"
    # Asking pip costs seconds; the list is kept beside what it installed.
    if ! cmp --silent tests/requirements.txt "$VENV/requirements.txt"; then
        "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt
        cp tests/requirements.txt "$VENV/requirements.txt"
    fi
}

# Files of the repository whose first line names the interpreter: many scripts of the module have no suffix.
scripts_of() {
    git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
        [[ -f $file && ! -L $file ]] || continue
        case $(head --bytes 60 "$file" | head --lines 1 | tr --delete '\0') in
        '#!'*"$1"*) printf '%s\0' "$file" ;;
        esac
    done
}

# Files with these suffixes carry a licence header, as do all Bash and Python scripts.
HEADER_SUFFIXES=(html js mjs py robot rs scss service vue yml)

check_headers() {
    local missing
    missing=$({
        git ls-files -z --cached --others --exclude-standard -- "${HEADER_SUFFIXES[@]/#/*.}" ':!templates'
        scripts_of bash
        scripts_of python3
    } | sort -zu | xargs -0 grep --no-messages --files-without-match '^[#/ ]* *SPDX-License-Identifier: GPL-3.0-or-later$' || true)
    [[ -z $missing ]] || { printf 'no licence header in:\n%s\n' "$missing" >&2; return 1; }
}

suite_format() {
    component fmt rustfmt
    cargo fmt --check
}

suite_lint() {
    check_headers
    component clippy clippy
    need shellcheck
    cargo clippy --locked --all-targets --quiet -- -D warnings
    scripts_of bash | xargs -0 shellcheck
    need_python
    { scripts_of python3; git ls-files -z '*.py'; } | sort -zu | xargs -0 "$VENV/bin/ruff" check --quiet --force-exclude
    # The lints of our own, and first whether they find anything.
    "$VENV/bin/python" -m pytest tests/lint
    "$VENV/bin/python" tests/lint/imports.py
}

# Rust's own archive has old toolchains, and is out of reach where only package registries answer. There, clippy's
# incompatible_msrv still refuses what is younger than rust-version; the workflow always builds.
suite_msrv() {
    local oldest
    oldest=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
    if ! cargo "+$oldest" --version >/dev/null 2>&1 &&
        ! rustup toolchain install "$oldest" --profile minimal --no-self-update >/dev/null; then
        echo "not built with Rust $oldest, which can't be had here; clippy's incompatible_msrv has to do" >&2
        return
    fi
    # Its own directory: what one compiler made, the other would make again.
    CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/msrv cargo "+$oldest" check --locked --quiet --lib --bins
    echo "checked with $(rustc "+$oldest" --version)"
}

# Compiled from crates.io once, which takes some minutes.
CARGO_DENY=0.20.2
suite_deny() {
    local tools=${CARGO_TARGET_DIR:-target}/tools
    if [[ $("$tools/bin/cargo-deny" --version 2>/dev/null) != "cargo-deny $CARGO_DENY" ]]; then
        CARGO_TARGET_DIR=$tools/build cargo install --quiet --locked --root "$tools" --version "$CARGO_DENY" cargo-deny
        rm -rf "$tools/build"
    fi
    "$tools/bin/cargo-deny" --locked --log-level warn check licenses bans sources
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
    need redis-server prometheus prometheus-alertmanager prometheus-node-exporter haproxy rclone restic openssl python3 python3-aiosmtpd
    # Each test starts several programs: more at once than this would measure the machine's patience.
    cargo test --locked --quiet --test integration -- --test-threads "${TEST_THREADS:-4}"
}

suite_attack() {
    need redis-server python3 python3-aiosmtpd faketime
    # One after the other: their figures are of memory and time.
    cargo test --locked --quiet --test attack -- --test-threads 1 --nocapture
}

suite_mailservers() {
    ((EUID == 0)) || { echo "the mail servers' own suite needs root" >&2; return 1; }
    need postfix sasl2-bin libsasl2-modules openssl python3
    # Debian has one mail server at a time: Exim is unpacked, not installed. What it needs is.
    local exim=${CARGO_TARGET_DIR:-target}/mailservers
    need libgnutls-dane0 libidn12 libdb5.3 libnsl2 libpcre2-8-0
    if [[ ! -x $exim/usr/sbin/exim4 ]]; then
        mkdir -p "$exim"
        # The lists of packages may be older than the package.
        (cd "$exim" && { apt-get download --quiet=2 exim4-daemon-light 2>/dev/null ||
            { apt-get update --quiet=2 && apt-get download --quiet=2 exim4-daemon-light; }; })
        dpkg-deb --extract "$exim"/exim4-daemon-light_*.deb "$exim"
    fi
    id Debian-exim >/dev/null 2>&1 ||
        useradd --system --user-group --no-create-home --shell /usr/sbin/nologin --badname Debian-exim
    EXIM=$(realpath "$exim/usr/sbin/exim4") \
        cargo test --locked --quiet --test integration -- --ignored mailservers::
}

# The service's binary, for suites that run it: MONITOR_BINARY names another one.
need_binary() {
    if [[ -z ${MONITOR_BINARY:-} ]]; then
        # Built as for the integration tests: `cargo build` would build it once more, with other features of its dependencies.
        cargo test --locked --quiet --no-run --test integration
        MONITOR_BINARY=${CARGO_TARGET_DIR:-target}/debug/ns8-backup-monitor
    fi
    MONITOR_BINARY=$(realpath "$MONITOR_BINARY")
    export MONITOR_BINARY
}

suite_module() {
    # procps: ps, which sees whether a password is in somebody's command line.
    need redis-server prometheus prometheus-alertmanager systemd procps
    need_python
    need_binary
    echo "with the stand-in for the core's Python package:"
    env --unset=NS8_CORE "$VENV/bin/python" -m pytest tests/module
    if [[ -n ${NS8_CORE:-} ]]; then
        echo "with ns8-core of $NS8_CORE:"
        "$VENV/bin/python" -m pytest tests/module
    else
        echo "not run with ns8-core's own Python package: NS8_CORE names no checkout"
    fi
    "$VENV/bin/robot" --dryrun --output NONE --log NONE --report NONE --console dotted \
        --variable NODE_ADDR:node.example.org --variable IMAGE_URL:example.org/image tests
}

# Node.js 20.19 or newer: what Vite needs.
need_node() {
    local check='const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)'
    if ! { node --eval "$check" 2>/dev/null && command -v npm >/dev/null; }; then
        need nodejs npm
    fi
    node --eval "$check" || { echo "the pages need Node.js 20.19 or newer, and this is $(node --version)" >&2; return 1; }
}

# The pages' packages, as the lock file has them, and the pages built from what is there now.
need_ui() {
    need_node
    if ! cmp --silent ui/package-lock.json ui/node_modules/.installed-lock; then
        npm --prefix ui ci --ignore-scripts --no-audit --no-fund --loglevel=error
        cp ui/package-lock.json ui/node_modules/.installed-lock
    fi
    npm --prefix ui run --silent build -- --logLevel warn
}

suite_ui() {
    need_ui
    npm --prefix ui run --silent lint
    npm --prefix ui test --silent
    # The module's image holds the pages: under 3 MB, and no address that cluster-admin would not find.
    local size
    size=$(du --summarize --bytes ui/dist | cut --fields 1)
    echo "the pages have $size bytes"
    ((size < 3000000)) || { echo "the pages are too large" >&2; return 1; }
    if grep --extended-regexp '(src|href)="/' ui/dist/index.html | grep --invert-match '/cluster-admin/css/core.css'; then
        echo "the pages have an absolute address" >&2
        return 1
    fi
}

suite_e2e() {
    need chromium redis-server
    need_python
    need_ui
    need_binary
    PYTHON=$(realpath --no-symlinks "$VENV/bin/python") \
        node --test --test-concurrency=1 --test-reporter=spec tests/e2e/*.test.mjs
}

suite_logql() {
    command -v go >/dev/null || { echo "no Go: see https://go.dev/doc/install" >&2; return 1; }
    # The unit test keeps the file as the queries are.
    (cd tests/logql && go run . <queries.txt)
}

suite_images() {
    need buildah podman runc crun musl-tools ca-certificates tzdata redis-server binutils
    # For the pages in the module image; Node may have come another way.
    [[ ! -e ui/package.json ]] || command -v npm >/dev/null || need nodejs npm
    local musl
    musl=$(uname -m)-unknown-linux-musl
    if ! rustup target list --installed | grep --quiet --line-regexp "$musl" && ! rustup target add "$musl"; then
        echo "the images are not tested: Rust's $musl can't be had here" >&2
        [[ ${CI:-} != true ]]
        return
    fi
    need_python
    "$VENV/bin/python" -m pytest -p no:cacheprovider -rs -rP tests/images
}

main() {
    local suite
    (($#)) || set -- "${SUITES[@]}"
    if [[ $1 == --help ]]; then
        sed -n '/^# Runs every suite/,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
        return
    fi
    for suite; do
        [[ " ${SUITES[*]} ${WHEN_NAMED[*]} " == *" $suite "* ]] || { echo "no suite $suite; there are ${SUITES[*]} ${WHEN_NAMED[*]}" >&2; exit 2; }
    done
    for suite; do
        local began=$SECONDS
        echo "== $suite"
        "suite_$suite"
        echo "== $suite: passed in $((SECONDS - began)) s"
    done
}

main "$@"
