#!/bin/bash

#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

# Builds the module's two images with buildah:
#
#   backup-monitor       the NS8 module: imageroot/ and the built pages, with the labels that the core reads
#   backup-monitor-app   the service: one static binary, CA certificates, time zones, and a user
#
#   REPOBASE   registry path, ghcr.io/nethserver by default
#   IMAGETAG   image tag, latest by default: the module image refers to the app image with the same tag
#   BUILDER    container (default): Rust and Node come from images of docker.io. host: cargo and npm of this machine are
#              used, with its CA certificates and time zones, and nothing is pulled
#   BACKUP_MONITOR_VERSION   version of the product: by default the git tag of this commit, else that of Cargo.toml
#
# In a GitHub workflow, the list of images is written to GITHUB_OUTPUT.

set -euo pipefail
cd "$(dirname "$0")"

repobase=${REPOBASE:-ghcr.io/nethserver}
repobase=${repobase,,} # registries refuse upper case
imagetag=${IMAGETAG:-latest}
builder=${BUILDER:-container}
images=()

# User of the app image: in a rootless container, one of the module's subordinate IDs.
app_user=1000

rust_image=docker.io/library/rust:1.89-alpine
node_image=docker.io/library/node:22-slim

# One version for binary, pages and labels.
if [[ -z ${BACKUP_MONITOR_VERSION:-} ]]; then
    if tag=$(git describe --tags --exact-match 2>/dev/null); then
        BACKUP_MONITOR_VERSION=${tag#v}
    else
        BACKUP_MONITOR_VERSION=$(sed -n '0,/^version = /s/^version = "\(.*\)"$/\1/p' Cargo.toml)
    fi
fi
export BACKUP_MONITOR_VERSION

# Under cargo's target directory, which git ignores.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${PWD}/target}
stage=${CARGO_TARGET_DIR}/app-image
target=$(uname -m)-unknown-linux-musl

# Working containers that a failed build would leave behind.
containers=()
trap '((${#containers[@]} == 0)) || buildah rm "${containers[@]}" >/dev/null' EXIT

# in_builder NAME IMAGE COMMAND: runs a shell command on the sources, in a builder container that later builds reuse. It has
# a target directory of its own, as its compiler is another one.
in_builder() {
    local name=$1 image=$2
    if ! buildah containers --format '{{.ContainerName}}' | grep -qx "${name}"; then
        echo "Pulling ${image}..."
        buildah from --name "${name}" -v "${PWD}:/usr/src:Z" "${image}"
    fi
    buildah run --workingdir=/usr/src --env=CARGO_TARGET_DIR=/usr/src/target/builder \
        --env="BACKUP_MONITOR_VERSION=${BACKUP_MONITOR_VERSION}" "${name}" sh -ec "$3"
}

build_app() {
    echo "Building the static binary, version ${BACKUP_MONITOR_VERSION}..."
    case ${builder} in
    host)
        cargo build --locked --release --target "${target}"
        ./container/stage-app.sh "${CARGO_TARGET_DIR}/${target}/release/ns8-backup-monitor" "${stage}"
        ;;
    container)
        stage=${PWD}/target/app-image
        in_builder rustbuilder-backup-monitor "${rust_image}" "
            apk add --no-cache bash ca-certificates gcc musl-dev tzdata
            cargo build --locked --release --target ${target}
            ./container/stage-app.sh target/builder/${target}/release/ns8-backup-monitor target/app-image
        "
        ;;
    esac
}

# Install scripts of packages are not run: none of them is needed.
build_ui() {
    [[ -e ui/package.json ]] || return 0
    echo "Building the pages..."
    case ${builder} in
    host) (cd ui && npm ci --ignore-scripts --no-audit --no-fund && npm run build) ;;
    container) in_builder nodebuilder-backup-monitor "${node_image}" "cd ui && npm ci --ignore-scripts --no-audit --no-fund && npm run build" ;;
    esac
}

# commit CONTAINER NAME: commits the image without a tag, to be published, and tags it for local use.
commit() {
    buildah commit --rm "$1" "$2"
    unset 'containers[-1]'
    [[ ${imagetag} == latest ]] || buildah tag "$2" "$2:${imagetag}"
    images+=("$2")
}

[[ ${builder} == host || ${builder} == container ]] || { echo "BUILDER is host or container, not ${builder}" >&2; exit 2; }

build_app
container=$(buildah from scratch)
containers+=("${container}")
buildah add --chown=0:0 "${container}" "${stage}" /
# Mount point of the volume: a new volume inherits its owner.
mkdir -p "${stage}.state/backup-monitor"
chmod 700 "${stage}.state/backup-monitor"
buildah add --chown="${app_user}:${app_user}" "${container}" "${stage}.state" /var/lib
buildah config \
    --user="${app_user}:${app_user}" \
    --workingdir=/var/lib/backup-monitor \
    --entrypoint='["/usr/bin/ns8-backup-monitor"]' \
    --env=PATH=/usr/bin \
    --env=STATE_DIR=/var/lib/backup-monitor \
    --label=org.opencontainers.image.title=backup-monitor-app \
    --label="org.opencontainers.image.version=${BACKUP_MONITOR_VERSION}" \
    --label=org.opencontainers.image.licenses=GPL-3.0-or-later \
    "${container}"
commit "${container}" "${repobase}/backup-monitor-app"

build_ui
container=$(buildah from scratch)
containers+=("${container}")
buildah add --chown=0:0 "${container}" imageroot /imageroot
# Without built pages, at least the metadata for the Software Center.
pages=ui/public
[[ ! -d ui/dist ]] || pages=ui/dist
buildah add --chown=0:0 "${container}" "${pages}" /ui
# - cluster:reader lets the service list the snapshots of any repository (read-backup-snapshots), and nothing more.
# - No org.nethserver.volumes: the journal is too small for additional disks.
# - min-core: core 3.20 is the first to write the backup status where the service reads it.
buildah config --entrypoint=/ \
    --label="org.opencontainers.image.version=${BACKUP_MONITOR_VERSION}" \
    --label="org.nethserver.authorizations=cluster:reader" \
    --label="org.nethserver.tcp-ports-demand=1" \
    --label="org.nethserver.rootfull=0" \
    --label="org.nethserver.max-per-node=1" \
    --label="org.nethserver.min-core=3.20.0" \
    --label="org.nethserver.images=${repobase}/backup-monitor-app:${imagetag}" \
    "${container}"
commit "${container}" "${repobase}/backup-monitor"

if [[ -n ${GITHUB_OUTPUT:-} ]]; then
    printf "images=%s\n" "${images[*]}" >>"${GITHUB_OUTPUT}"
else
    printf "Publish the images with:\n\n"
    for image in "${images[@]}"; do printf "  buildah push %s docker://%s:%s\n" "${image}" "${image}" "${imagetag}"; done
    printf "\n"
fi
